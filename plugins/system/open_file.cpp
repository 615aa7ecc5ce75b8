#include "system/file_kind.hpp"
#include "system/keys.hpp"
#include "system/plugin.hpp"
#include "system/proc.hpp"
#include "system/table_of.hpp"
#include "system/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace penstock::system {

namespace {

struct OpenFile {
    std::int64_t pid;
    int fd;
    const ProcessFolder& folder;
    const std::string& target; ///< as the kernel shows it
};

struct Inode {
    unsigned mode = 0;
    unsigned links = 0;
};

/// What the descriptor refers to, from what the kernel knows already: a network file system is not
/// asked, because one that does not answer would hang the scan.
std::optional<Inode> inode_of(const OpenFile& file) {
    struct statx found{};
    const std::string name = "fd/" + std::to_string(file.fd);
    if (::statx(file.folder.fd(), name.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE | STATX_NLINK,
                &found) != 0) {
        return std::nullopt;
    }
    return Inode{found.stx_mode, found.stx_nlink};
}

Value kind(const OpenFile& file) {
    if (file.target.starts_with("anon_inode:")) {
        return std::string("anonymous");
    }
    const std::optional<Inode> inode = inode_of(file);
    return inode ? Value(std::string(file_kind(inode->mode))) : Value();
}

Value path(const OpenFile& file) {
    constexpr std::string_view kDeleted = " (deleted)";
    std::string_view target = file.target;
    if (target.starts_with('/') && target.ends_with(kDeleted)) {
        const std::optional<Inode> inode = inode_of(file);
        if (inode && inode->links == 0) {
            target.remove_suffix(kDeleted.size());
        }
    }
    return printable(target);
}

Value is_deleted(const OpenFile& file) {
    if (!file.target.starts_with('/')) {
        return false;
    }
    const std::optional<Inode> inode = inode_of(file);
    return inode ? Value(inode->links == 0) : Value();
}

const std::vector<ColumnOf<OpenFile>>& columns() {
    static const std::vector<ColumnOf<OpenFile>> list = {
        {key_column("pid", TypeId::kInt8, "Process that has the file open."),
         [](const OpenFile& file) -> Value { return file.pid; }},
        {column("fd", TypeId::kInt4, "File descriptor."),
         [](const OpenFile& file) -> Value { return file.fd; }},
        {column("path", TypeId::kText,
                "Path, or what the kernel shows instead, e.g. socket:[4711]."),
         path},
        {column("kind", TypeId::kText,
                "file, directory, socket, pipe, character device, block device, symlink "
                "or anonymous; NULL when we may not know it."),
         kind},
        {column("is_deleted", TypeId::kBool,
                "The file has no name any more; its space comes back when it is closed."),
         is_deleted},
    };
    return list;
}

void add_files(std::int64_t pid, RowsOf<OpenFile>& rows) {
    const std::optional<ProcessFolder> folder = ProcessFolder::open(pid);
    if (!folder) {
        return;
    }
    folder->for_each_fd(
        [&](int fd, const std::string& target) { rows.add(OpenFile{pid, fd, *folder, target}); });
}

void list_open_files(const ScanRequest& request, RowsOf<OpenFile>& rows) {
    if (const auto wanted = integer_keys(request, "pid")) {
        for (const std::int64_t pid : *wanted) {
            add_files(pid, rows);
        }
        return;
    }
    for (const std::int64_t pid : list_pids()) {
        rows.sink().check_cancelled();
        add_files(pid, rows);
    }
}

} // namespace

std::shared_ptr<Table> make_open_file_table() {
    return std::make_shared<TableOf<OpenFile>>(
        TableText{"system_process_open_file",
                  "Open files of the processes that we may look into, from /proc/<pid>/fd.", 3000,
                  5},
        columns(), list_open_files);
}

} // namespace penstock::system
