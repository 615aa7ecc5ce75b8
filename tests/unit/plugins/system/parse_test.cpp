// Parsers on texts that a healthy machine seldom shows.
#include "system/accounts.hpp"
#include "system/dpkg.hpp"
#include "system/file_kind.hpp"
#include "system/mounts.hpp"
#include "system/proc.hpp"
#include "system/sockets.hpp"
#include "system/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::system {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kStatTail =
    " S 12 1 1 0 -1 4194560 100 200 0 0 150 50 0 0 20 0 3 0 4711 8192 25 184467 1 1 0 0\n";

TEST(ProcStat, reads_the_fields_behind_the_name) {
    const auto stat = parse_stat(std::string("77 (bash)") + kStatTail);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->name, "bash");
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->ppid, 12);
    EXPECT_EQ(stat->cpu_ticks, 200);
    EXPECT_EQ(stat->threads, 3);
    EXPECT_EQ(stat->start_ticks, 4711);
    EXPECT_EQ(stat->vsz_bytes, 8192);
    EXPECT_EQ(stat->rss_pages, 25);
}

TEST(ProcStat, takes_names_with_parentheses_blanks_and_line_ends) {
    for (const std::string name : {"a) R 1 (b", "(sd-pam)", " ", "two\nlines", ""}) {
        const auto stat = parse_stat("77 (" + name + ")" + kStatTail);
        ASSERT_TRUE(stat) << name;
        EXPECT_EQ(stat->name, name);
        EXPECT_EQ(stat->ppid, 12) << name;
    }
}

TEST(ProcStat, refuses_a_line_that_is_cut_short) {
    EXPECT_FALSE(parse_stat(""));
    EXPECT_FALSE(parse_stat("77 (bash"));
    EXPECT_FALSE(parse_stat("77 (bash) S 12 1"));
    EXPECT_FALSE(parse_stat(")("));
}

TEST(Cmdline, keeps_empty_arguments_and_escapes_what_is_not_text) {
    using std::string_literals::operator""s;
    EXPECT_THAT(parse_cmdline("sh\0-c\0\0"s), ElementsAre("sh", "-c", ""));
    EXPECT_THAT(parse_cmdline("\0"s), ElementsAre(""));
    EXPECT_THAT(parse_cmdline(""), IsEmpty());
    EXPECT_THAT(parse_cmdline("one title without an end"), ElementsAre("one title without an end"));
    EXPECT_THAT(parse_cmdline("a\xff\0"s), ElementsAre("a\\xff"));
}

TEST(Cgroup, prefers_the_unified_hierarchy) {
    EXPECT_EQ(parse_cgroup("12:pids:/a\n1:name=systemd:/b\n0::/user.slice\n"), "/user.slice");
    EXPECT_EQ(parse_cgroup("12:pids:/a\n1:name=systemd:/b\n"), "/b");
    EXPECT_EQ(parse_cgroup("12:pids:/a\n"), std::nullopt);
}

TEST(Passwd, leaves_out_lines_that_are_no_accounts) {
    const auto users = parse_passwd("root:x:0:0:root,room 1,,:/root:/bin/bash\n"
                                    "# comment\n+::::::\nbroken:x:1\nbad:x:one:1::/:/bin/sh\n"
                                    "nobody:x:65534:65534::/nonexistent:");
    ASSERT_EQ(users.size(), 2U);
    EXPECT_EQ(users[0].full_name, "root");
    EXPECT_EQ(users[0].shell, "/bin/bash");
    EXPECT_EQ(users[1].name, "nobody");
    EXPECT_EQ(users[1].uid, 65534);
    EXPECT_EQ(users[1].shell, "");
}

TEST(GroupFile, lists_the_members) {
    const auto groups = parse_group("adm:x:4:syslog,alice\nempty:x:5:\nbroken:x\n");
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_THAT(groups[0].members, ElementsAre("syslog", "alice"));
    EXPECT_THAT(groups[1].members, IsEmpty());
}

TEST(MountInfo, resolves_escapes_and_skips_optional_fields) {
    const auto mounts = parse_mountinfo(
        "36 35 98:0 / /mnt\\040two rw,noatime shared:1 master:2 - ext4 /dev/sd\\134a "
        "rw\n"
        "37 35 0:5 / /proc rw - proc proc rw\n"
        "cut short\n");
    ASSERT_EQ(mounts.size(), 2U);
    EXPECT_EQ(mounts[0].path, "/mnt two");
    EXPECT_EQ(mounts[0].device, "/dev/sd\\a");
    EXPECT_EQ(mounts[0].type, "ext4");
    EXPECT_THAT(mounts[0].options, ElementsAre("rw", "noatime"));
    EXPECT_EQ(mounts[1].path, "/proc");
}

TEST(MountInfo, counts_as_local_only_what_is_known_to_be) {
    EXPECT_TRUE(is_local_file_system("ext4"));
    for (const char* type : {"nfs4", "cifs", "fuse.sshfs", "autofs", "9p", "something_new"}) {
        EXPECT_FALSE(is_local_file_system(type)) << type;
    }
}

TEST(SocketLine, reads_both_families) {
    const auto v4 = parse_socket_line("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 "
                                      "00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->address, (Inet{false, 32, {127, 0, 0, 1}}));
    EXPECT_EQ(v4->port, 8080);
    EXPECT_EQ(v4->state, 0x0A);
    EXPECT_EQ(v4->uid, 1000);
    EXPECT_EQ(v4->inode, 4711);

    const auto v6 = parse_socket_line("   1: 000080FE00000000FF005450B6AD1DFE:0016 "
                                      "00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 9");
    ASSERT_TRUE(v6);
    EXPECT_TRUE(v6->address.is_v6);
    EXPECT_EQ(v6->address.bits, 128);
    EXPECT_EQ(v6->address.bytes[0], 0xfe);
    EXPECT_EQ(v6->address.bytes[1], 0x80);
    EXPECT_EQ(v6->address.bytes[12], 0xfe);
    EXPECT_EQ(v6->address.bytes[15], 0xb6);
    EXPECT_EQ(v6->port, 22);
}

TEST(SocketLine, refuses_headlines_and_short_lines) {
    EXPECT_FALSE(parse_socket_line("  sl  local_address rem_address   st tx_queue rx_queue tr "
                                   "tm->when retrnsmt   uid  timeout inode"));
    EXPECT_FALSE(parse_socket_line("0: 0100007F:1F90 00000000:0000 0A"));
    EXPECT_FALSE(parse_socket_line("0: 0100007F:zz 0:0 0A 0:0 0:0 0 0 0 9"));
}

TEST(DpkgStatus, reads_stanzas_with_continued_fields) {
    constexpr std::string_view kText = "Package: one\n"
                                       "Status: install ok installed\n"
                                       "Conffiles:\n /etc/one 0123\n"
                                       "Version: 1:2.0-3\n"
                                       "Depends: libc6 (>= 2.36),\n libfoo\n"
                                       "Description: first\n long\n .\n more\n"
                                       "\n"
                                       "Package: two\nVersion:3\n";
    const auto packages = parse_dpkg_status(kText);
    ASSERT_EQ(packages.size(), 2U);
    EXPECT_EQ(packages[0].version, "1:2.0-3");
    EXPECT_EQ(packages[0].depends, "libc6 (>= 2.36),\n libfoo");
    EXPECT_EQ(packages[0].description, "first\n long\n .\n more");
    EXPECT_EQ(packages[1].name, "two");
    EXPECT_EQ(packages[1].version, "3");
    EXPECT_EQ(packages[1].description, "");
}

TEST(DpkgStatus, leaves_out_stanzas_without_a_name) {
    EXPECT_THAT(parse_dpkg_status("Version: 1\n\n continued from nowhere\n\nno colon\n"),
                IsEmpty());
}

TEST(FileKind, shows_modes_as_ls_does) {
    EXPECT_EQ(permission_text(0100644), "rw-r--r--");
    EXPECT_EQ(permission_text(0104755), "rwsr-xr-x");
    EXPECT_EQ(permission_text(0102640), "rw-r-S---");
    EXPECT_EQ(permission_text(0041777), "rwxrwxrwt");
    EXPECT_EQ(permission_text(0041776), "rwxrwxrwT");
    EXPECT_EQ(octal_mode(0104755), "4755");
    EXPECT_EQ(octal_mode(0100004), "0004");
    EXPECT_EQ(file_kind(0040755), "directory");
    EXPECT_EQ(file_kind(0), "anonymous");
}

TEST(Text, escapes_bytes_that_postgresql_cannot_store) {
    using std::string_literals::operator""s;
    EXPECT_EQ(printable("plain é"), "plain é");
    EXPECT_EQ(printable("a\0b"s), "a\\x00b");
    EXPECT_EQ(printable("\xc3("), "\\xc3(");
    EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
}

TEST(Text, takes_only_whole_numbers) {
    EXPECT_EQ(to_integer("42"), 42);
    EXPECT_EQ(to_integer("1F90", 16), 8080);
    EXPECT_FALSE(to_integer(""));
    EXPECT_FALSE(to_integer("42 kB"));
    EXPECT_FALSE(to_integer("99999999999999999999"));
}

TEST(Text, finds_the_field_with_the_whole_key) {
    EXPECT_EQ(find_field("MemTotalX: 1\nMemTotal:  2 kB\n", "MemTotal", ':'), "2 kB");
    EXPECT_FALSE(find_field("MemTotal 2\n", "MemTotal", ':'));
}

} // namespace
} // namespace penstock::system
