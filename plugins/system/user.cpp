#include "system/accounts.hpp"
#include "system/plugin.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

namespace penstock::system {

namespace {

void list_users(const ScanRequest& /*request*/, RowsOf<User>& rows) {
    for (const User& user : parse_passwd(read_file("/etc/passwd"))) {
        rows.add(user);
    }
}

const std::vector<ColumnOf<User>>& columns() {
    static const std::vector<ColumnOf<User>> list = {
        {column("name", TypeId::kText, "Login name."),
         [](const User& user) -> Value { return user.name; }},
        {column("uid", TypeId::kInt8, "User id."),
         [](const User& user) -> Value { return user.uid; }},
        {column("gid", TypeId::kInt8, "Id of the primary group."),
         [](const User& user) -> Value { return user.gid; }},
        {column("full_name", TypeId::kText, "First part of the comment field."),
         [](const User& user) { return text_or_null(user.full_name); }},
        {column("home", TypeId::kText, "Home folder."),
         [](const User& user) { return text_or_null(user.home); }},
        {column("shell", TypeId::kText, "Program started at login."),
         [](const User& user) { return text_or_null(user.shell); }},
    };
    return list;
}

} // namespace

std::shared_ptr<Table> make_user_table() {
    return std::make_shared<TableOf<User>>(
        TableText{"system_user", "Users of this machine, from /etc/passwd.", 30, 1}, columns(),
        list_users);
}

} // namespace penstock::system
