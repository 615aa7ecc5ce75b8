#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Users and groups, from /etc/passwd and /etc/group: the name service is not asked, because a
/// directory server that does not answer would hang every query that shows a user's name.
namespace penstock::system {

/// One line of /etc/passwd.
struct User {
    std::string name;
    std::int64_t uid = 0;
    std::int64_t gid = 0;
    std::string full_name; ///< first part of the comment field
    std::string home;
    std::string shell;
};

/// One line of /etc/group.
struct Group {
    std::string name;
    std::int64_t gid = 0;
    std::vector<std::string> members; ///< as listed; not those whose primary group it is
};

/// Lines that are not accounts (comments, NIS marks, broken ones) are left out.
[[nodiscard]] std::vector<User> parse_passwd(std::string_view text);
[[nodiscard]] std::vector<Group> parse_group(std::string_view text);

/// Names of users and groups by id. Empty where the files cannot be read.
class AccountNames {
  public:
    [[nodiscard]] static AccountNames load();
    [[nodiscard]] std::optional<std::string> user(std::int64_t uid) const;
    [[nodiscard]] std::optional<std::string> group(std::int64_t gid) const;

  private:
    std::map<std::int64_t, std::string> users_;
    std::map<std::int64_t, std::string> groups_;
};

} // namespace penstock::system
