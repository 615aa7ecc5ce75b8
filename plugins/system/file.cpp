#include "system/accounts.hpp"
#include "system/file_kind.hpp"
#include "system/keys.hpp"
#include "system/plugin.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace penstock::system {

namespace {

struct File {
    std::string path;      ///< bytes as the kernel takes them
    std::string directory; ///< as asked for, or the part of `path` before the name
    std::string name;
    struct stat stat{};
    const AccountNames& names;
};

Timestamptz time_of(const timespec& time) {
    return Timestamptz::from_unix(time.tv_sec, time.tv_nsec / 1'000);
}

Value link_target(const File& file) {
    if (!S_ISLNK(file.stat.st_mode)) {
        return {};
    }
    std::array<char, PATH_MAX> target;
    const ssize_t got = ::readlink(file.path.c_str(), target.data(), target.size());
    return got < 0 ? Value() : Value(printable({target.data(), static_cast<std::size_t>(got)}));
}

const std::vector<ColumnOf<File>>& columns() {
    static const std::vector<ColumnOf<File>> list = {
        {key_column("path", TypeId::kText,
                    "Absolute path, as it was given or as the folder's and the name.",
                    KeyKind::kAnyOf),
         [](const File& file) -> Value { return printable(file.path); }},
        {key_column("directory", TypeId::kText,
                    "Folder it is in; when given, the files of that one level.", KeyKind::kAnyOf),
         [](const File& file) -> Value { return printable(file.directory); }},
        {column("name", TypeId::kText, "Last part of the path."),
         [](const File& file) -> Value { return printable(file.name); }},
        {column("kind", TypeId::kText,
                "file, directory, symlink, pipe, socket, character device or block "
                "device; links are not followed."),
         [](const File& file) -> Value { return std::string(file_kind(file.stat.st_mode)); }},
        {column("size_bytes", TypeId::kInt8, "Size of its content."),
         [](const File& file) -> Value { return std::int64_t{file.stat.st_size}; }},
        {column("mode", TypeId::kText, "Permission bits in octal: 0644."),
         [](const File& file) -> Value { return octal_mode(file.stat.st_mode); }},
        {column("permissions", TypeId::kText, "The same as rw-r--r--."),
         [](const File& file) -> Value { return permission_text(file.stat.st_mode); }},
        {column("uid", TypeId::kInt8, "User id of the owner."),
         [](const File& file) -> Value { return std::int64_t{file.stat.st_uid}; }},
        {column("gid", TypeId::kInt8, "Group id."),
         [](const File& file) -> Value { return std::int64_t{file.stat.st_gid}; }},
        {column("user_name", TypeId::kText, "Name of the owner."),
         [](const File& file) { return value_or_null(file.names.user(file.stat.st_uid)); }},
        {column("group_name", TypeId::kText, "Name of the group."),
         [](const File& file) { return value_or_null(file.names.group(file.stat.st_gid)); }},
        {column("mtime", TypeId::kTimestamptz, "When its content last changed."),
         [](const File& file) -> Value { return time_of(file.stat.st_mtim); }},
        {column("atime", TypeId::kTimestamptz, "When it was last read."),
         [](const File& file) -> Value { return time_of(file.stat.st_atim); }},
        {column("ctime", TypeId::kTimestamptz, "When its content, owner or mode last changed."),
         [](const File& file) -> Value { return time_of(file.stat.st_ctim); }},
        {column("inode", TypeId::kInt8, "Inode number."),
         [](const File& file) -> Value { return static_cast<std::int64_t>(file.stat.st_ino); }},
        {column("links", TypeId::kInt8, "How many names it has."),
         [](const File& file) -> Value { return static_cast<std::int64_t>(file.stat.st_nlink); }},
        {column("link_target", TypeId::kText, "What a symlink says; NULL for others."),
         link_target},
    };
    return list;
}

/// A path that leads to nothing is no row, as in a folder that does not list it.
bool is_missing(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

/// The file at `path`, its directory and name cut from the path.
void add_path(const std::string& path, const std::optional<std::set<std::string>>& directories,
              const AccountNames& names, RowsOf<File>& rows) {
    if (!path.starts_with('/')) {
        return; // every path of this table is absolute
    }
    const std::size_t end = path.find_last_not_of('/');
    const std::string trimmed = path.substr(0, end == std::string::npos ? 1 : end + 1);
    const std::size_t slash = trimmed.rfind('/');
    File file{path,
              trimmed.substr(0, std::max<std::size_t>(slash, 1)),
              trimmed.substr(slash + 1),
              {},
              names};
    if (!allows(directories, file.directory)) {
        return;
    }
    if (::lstat(path.c_str(), &file.stat) == 0) {
        rows.add(file);
    } else if (!is_missing(errno)) {
        throw_errno(errno, "read", path);
    }
}

struct CloseDir {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

/// The files in `directory`, without "." and "..".
void add_directory(const std::string& directory, const AccountNames& names, RowsOf<File>& rows) {
    if (!directory.starts_with('/')) {
        return;
    }
    const std::unique_ptr<DIR, CloseDir> folder(::opendir(directory.c_str()));
    if (!folder) {
        if (is_missing(errno)) {
            return;
        }
        throw_errno(errno, "open", directory);
    }
    const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
    while (const dirent* entry = ::readdir(folder.get())) { // a stream of our own: thread-safe
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        File file{prefix + entry->d_name, directory, entry->d_name, {}, names};
        if (::fstatat(::dirfd(folder.get()), entry->d_name, &file.stat, AT_SYMLINK_NOFOLLOW) == 0) {
            rows.add(file);
        } else if (!is_missing(errno)) {
            throw_errno(errno, "read", file.path);
        }
    }
}

void list_files(const ScanRequest& request, RowsOf<File>& rows) {
    const AccountNames names = AccountNames::load();
    const auto paths = text_keys(request, "path");
    const auto directories = text_keys(request, "directory");
    if (paths) {
        for (const std::string& path : *paths) {
            add_path(path, directories, names, rows);
        }
        return;
    }
    // Without either key the scan does not start: the SDK sees to that.
    for (const std::string& directory : directories.value_or(std::set<std::string>())) {
        add_directory(directory, names, rows);
    }
}

} // namespace

std::shared_ptr<Table> make_file_table() {
    return std::make_shared<TableOf<File>>(
        TableText{"system_file",
                  "Files: those of a directory, one level, or those at given paths. Needs "
                  "directory or path with = or IN.",
                  100, 1},
        columns(), list_files);
}

} // namespace penstock::system
