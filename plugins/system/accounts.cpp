#include "system/accounts.hpp"

#include "system/text.hpp"

namespace penstock::system {

namespace {

std::optional<std::string> find(const std::map<std::int64_t, std::string>& names, std::int64_t id) {
    const auto found = names.find(id);
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> parse_members(std::string_view list) {
    std::vector<std::string> members;
    for (const std::string_view member : split(list, ',')) {
        if (!member.empty()) {
            members.push_back(printable(member));
        }
    }
    return members;
}

} // namespace

std::vector<User> parse_passwd(std::string_view text) {
    std::vector<User> users;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> fields = split(line, ':');
        if (fields.size() < 7 || fields[0].empty() || fields[0].starts_with('#')) {
            continue;
        }
        const std::optional<std::int64_t> uid = to_integer(fields[2]);
        const std::optional<std::int64_t> gid = to_integer(fields[3]);
        if (!uid || !gid) {
            continue;
        }
        const std::string_view full_name = fields[4].substr(0, fields[4].find(','));
        users.push_back({printable(fields[0]), *uid, *gid, printable(full_name),
                         printable(fields[5]), printable(fields[6])});
    }
    return users;
}

std::vector<Group> parse_group(std::string_view text) {
    std::vector<Group> groups;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> fields = split(line, ':');
        if (fields.size() < 4 || fields[0].empty() || fields[0].starts_with('#')) {
            continue;
        }
        const std::optional<std::int64_t> gid = to_integer(fields[2]);
        if (!gid) {
            continue;
        }
        groups.push_back({printable(fields[0]), *gid, parse_members(fields[3])});
    }
    return groups;
}

AccountNames AccountNames::load() {
    AccountNames names;
    for (User& user : parse_passwd(try_read_file("/etc/passwd").value_or(""))) {
        names.users_.try_emplace(user.uid, std::move(user.name));
    }
    for (Group& group : parse_group(try_read_file("/etc/group").value_or(""))) {
        names.groups_.try_emplace(group.gid, std::move(group.name));
    }
    return names;
}

std::optional<std::string> AccountNames::user(std::int64_t uid) const {
    return find(users_, uid);
}

std::optional<std::string> AccountNames::group(std::int64_t gid) const {
    return find(groups_, gid);
}

} // namespace penstock::system
