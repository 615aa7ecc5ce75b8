#include "system/accounts.hpp"
#include "system/plugin.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

namespace penstock::system {

namespace {

void list_groups(const ScanRequest& /*request*/, RowsOf<Group>& rows) {
    for (const Group& group : parse_group(read_file("/etc/group"))) {
        rows.add(group);
    }
}

const std::vector<ColumnOf<Group>>& columns() {
    static const std::vector<ColumnOf<Group>> list = {
        {column("name", TypeId::kText, "Name of the group."),
         [](const Group& group) -> Value { return group.name; }},
        {column("gid", TypeId::kInt8, "Group id."),
         [](const Group& group) -> Value { return group.gid; }},
        {column("members", TypeId::kTextArray,
                "Users listed in it; those whose primary group it is are not repeated."),
         [](const Group& group) -> Value { return group.members; }},
    };
    return list;
}

} // namespace

std::shared_ptr<Table> make_group_table() {
    return std::make_shared<TableOf<Group>>(
        TableText{"system_group", "Groups of this machine, from /etc/group.", 60, 1}, columns(),
        list_groups);
}

} // namespace penstock::system
