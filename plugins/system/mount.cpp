#include "system/mounts.hpp"
#include "system/plugin.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <array>
#include <sys/statvfs.h>

namespace penstock::system {

namespace {

/// A mount, its numbers asked for when a column first needs them.
class Mount {
  public:
    explicit Mount(const MountLine& line) : line_(line) {}
    [[nodiscard]] const MountLine& line() const { return line_; }
    [[nodiscard]] const std::optional<struct statvfs>& numbers() const {
        if (!is_asked_) {
            is_asked_ = true;
            struct statvfs found{};
            if (is_local_file_system(line_.type) && ::statvfs(line_.path.c_str(), &found) == 0) {
                numbers_ = found;
            }
        }
        return numbers_;
    }

  private:
    const MountLine& line_;
    mutable bool is_asked_ = false;
    mutable std::optional<struct statvfs> numbers_;
};

Value blocks(const Mount& mount, fsblkcnt_t (*pick)(const struct statvfs&)) {
    const auto& numbers = mount.numbers();
    return numbers ? Value(static_cast<std::int64_t>(pick(*numbers) * numbers->f_frsize)) : Value();
}

Value inodes(const Mount& mount, fsfilcnt_t (*pick)(const struct statvfs&)) {
    const auto& numbers = mount.numbers();
    return numbers ? Value(static_cast<std::int64_t>(pick(*numbers))) : Value();
}

const std::vector<ColumnOf<Mount>>& columns() {
    static const std::vector<ColumnOf<Mount>> list = {
        {column("path", TypeId::kText, "Folder it is mounted on."),
         [](const Mount& mount) -> Value { return printable(mount.line().path); }},
        {column("device", TypeId::kText, "What is mounted."),
         [](const Mount& mount) -> Value { return printable(mount.line().device); }},
        {column("type", TypeId::kText, "Type of the file system."),
         [](const Mount& mount) -> Value { return printable(mount.line().type); }},
        {column("options", TypeId::kTextArray, "Mount options."),
         [](const Mount& mount) -> Value { return mount.line().options; }},
        {column("size_bytes", TypeId::kInt8,
                "Size; this and the numbers below are NULL for file systems of networks."),
         [](const Mount& mount) {
             return blocks(mount, [](const struct statvfs& s) { return s.f_blocks; });
         }},
        {column("free_bytes", TypeId::kInt8, "Not in use."),
         [](const Mount& mount) {
             return blocks(mount, [](const struct statvfs& s) { return s.f_bfree; });
         }},
        {column("available_bytes", TypeId::kInt8, "Not in use and not kept back for root."),
         [](const Mount& mount) {
             return blocks(mount, [](const struct statvfs& s) { return s.f_bavail; });
         }},
        {column("inodes", TypeId::kInt8, "Files it can hold."),
         [](const Mount& mount) {
             return inodes(mount, [](const struct statvfs& s) { return s.f_files; });
         }},
        {column("inodes_free", TypeId::kInt8, "Files it can still take."),
         [](const Mount& mount) {
             return inodes(mount, [](const struct statvfs& s) { return s.f_ffree; });
         }},
    };
    return list;
}

void list_mounts(const ScanRequest& /*request*/, RowsOf<Mount>& rows) {
    for (const MountLine& line : parse_mountinfo(read_file("/proc/self/mountinfo"))) {
        rows.add(Mount(line));
    }
}

/// \ooo, three octal digits, stands for a byte that would break the line.
std::string unescape(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const bool has_code = text[0] == '\\' && text.size() >= 4;
        const auto code = has_code ? to_integer(text.substr(1, 3), 8) : std::nullopt;
        out += code ? static_cast<char>(*code) : text[0];
        text.remove_prefix(code ? 4 : 1);
    }
    return out;
}

} // namespace

std::vector<MountLine> parse_mountinfo(std::string_view text) {
    constexpr std::size_t kPath = 4;
    constexpr std::size_t kOptions = 5;
    std::vector<MountLine> mounts;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> fields = split(line, ' ');
        // Any number of optional fields stands between the options and a lone "-".
        const auto dash = std::ranges::find(fields, "-");
        if (fields.end() - dash < 3 || dash - fields.begin() <= std::ptrdiff_t{kOptions}) {
            continue;
        }
        MountLine mount{unescape(fields[kPath]), unescape(dash[2]), unescape(dash[1]), {}};
        for (const std::string_view option : split(fields[kOptions], ',')) {
            mount.options.push_back(printable(unescape(option)));
        }
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

bool is_local_file_system(std::string_view type) noexcept {
    // Those known to be local, instead of those known to be remote: a type that is on neither list
    // costs NULLs here, and would cost a hanging query there.
    constexpr std::array<std::string_view, 27> kLocal = {
        "ext2",  "ext3",     "ext4",     "xfs",     "btrfs",     "bcachefs", "f2fs",
        "jfs",   "reiserfs", "zfs",      "nilfs2",  "vfat",      "msdos",    "exfat",
        "ntfs",  "ntfs3",    "hfsplus",  "iso9660", "udf",       "squashfs", "erofs",
        "tmpfs", "ramfs",    "devtmpfs", "overlay", "hugetlbfs", "minix"};
    return std::ranges::find(kLocal, type) != kLocal.end();
}

std::shared_ptr<Table> make_mount_table() {
    return std::make_shared<TableOf<Mount>>(
        TableText{"system_mount", "Mounted file systems and their sizes.", 30, 1}, columns(),
        list_mounts);
}

} // namespace penstock::system
