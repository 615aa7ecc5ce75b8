#include "csv/paths.hpp"

#include "penstock/types/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <glob.h>
#include <map>
#include <utility>

namespace penstock::csv {

namespace {

bool has_wildcard(std::string_view text) {
    return text.find_first_of("*?[") != std::string_view::npos;
}

/// Paths that match `pattern`, sorted.
std::vector<std::string> expand(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    const int answer = ::glob(pattern.c_str(), GLOB_NOESCAPE, nullptr, &found);
    for (std::size_t at = 0; answer == 0 && at < found.gl_pathc; ++at) {
        paths.emplace_back(found.gl_pathv[at]);
    }
    ::globfree(&found);
    if (answer == GLOB_NOSPACE) {
        throw Exception(ErrorKind::kLimit, "out of memory while expanding \"" + pattern + "\"");
    }
    return paths;
}

bool is_folder(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

[[noreturn]] void throw_missing(const std::string& path, int code) {
    Error error = Error::make(ErrorKind::kNotFound,
                              "could not find file \"" + path +
                                  "\": " + std::strerror(code), // NOLINT(concurrency-mt-unsafe)
                              {}, "Check \"paths\" in the connection.");
    error.sqlstate = "58P01";
    error.argument = "paths";
    throw Exception(std::move(error));
}

FoundFile make_found(const std::string& path, bool is_named, const struct stat& status) {
    FoundFile file;
    file.path = path;
    file.is_named = is_named;
    file.identity = identity_of(status);
    file.changed_ns = std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
    return file;
}

void add_named(const std::string& path, std::map<std::string, FoundFile>& files) {
    struct stat status{};
    // A file in a folder that we may not enter is there as far as we know: opening it tells.
    if (::stat(path.c_str(), &status) != 0 && errno != EACCES) {
        throw_missing(path, errno);
    }
    files[path] = make_found(path, true, status);
}

void add_matches(const std::string& pattern, std::map<std::string, FoundFile>& files) {
    for (const std::string& path : expand(pattern)) {
        struct stat status{};
        if (::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
            files.try_emplace(path, make_found(path, false, status));
        }
    }
}

/// The nearest folder above `path` that exists.
std::string existing_parent(std::string path) {
    while (path.size() > 1 && !is_folder(path)) {
        const std::size_t slash = path.find_last_of('/');
        path.resize(slash == 0 ? 1 : slash);
    }
    return path;
}

void add_folders(const std::string& pattern, std::set<std::string>& folders) {
    // For each part that is a wildcard or the last: the folders that what stands before it matches.
    for (std::size_t slash = 0; slash != std::string::npos;) {
        const std::size_t next = pattern.find('/', slash + 1);
        const std::string_view part = std::string_view(pattern).substr(slash + 1, next - slash - 1);
        if (next == std::string::npos || has_wildcard(part)) {
            const std::string before = slash == 0 ? "/" : pattern.substr(0, slash);
            const auto matches =
                has_wildcard(before) ? expand(before) : std::vector{existing_parent(before)};
            std::copy_if(matches.begin(), matches.end(), std::inserter(folders, folders.end()),
                         is_folder);
        }
        slash = next;
    }
}

} // namespace

std::vector<FoundFile> find_files(const std::vector<std::string>& patterns) {
    std::map<std::string, FoundFile> files;
    for (const std::string& pattern : patterns) {
        if (has_wildcard(pattern)) {
            add_matches(pattern, files);
        } else {
            add_named(pattern, files);
        }
    }
    if (files.size() > kMaxFiles) {
        Error error = Error::make(
            ErrorKind::kLimit,
            "too many files: " + std::to_string(files.size()) + " match \"paths\"",
            "Each file is a table; a connection has at most " + std::to_string(kMaxFiles) + ".",
            "Use narrower patterns.");
        error.argument = "paths";
        throw Exception(std::move(error));
    }
    std::vector<FoundFile> sorted;
    sorted.reserve(files.size());
    for (auto& [path, file] : files) {
        sorted.push_back(std::move(file));
    }
    return sorted;
}

std::set<std::string> folders_of(const std::vector<std::string>& patterns) {
    std::set<std::string> folders;
    for (const std::string& pattern : patterns) {
        add_folders(pattern, folders);
    }
    return folders;
}

} // namespace penstock::csv
