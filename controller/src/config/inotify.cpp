#include "config/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace penstock::config {

namespace {

/// Not IN_MODIFY: a file is read when its writer closes it. IN_ATTRIB: the mode rule.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                  IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;
constexpr std::uint32_t kFolderItself = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT;

/// Adds the folder in which a symbolic link's target lies, for the target's name.
void add_link_target(std::map<std::string, WatchedFolder>& wanted,
                     const std::filesystem::path& link) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::canonical(link, error);
    if (!error) {
        wanted[target.parent_path().string()].names.insert(target.filename().string());
    }
}

} // namespace

std::map<std::string, WatchedFolder> folders_to_watch(const std::filesystem::path& folder) {
    std::map<std::string, WatchedFolder> wanted;
    std::error_code error;
    std::filesystem::path whole = std::filesystem::absolute(folder, error).lexically_normal();
    if (!whole.has_filename()) {
        whole = whole.parent_path(); // a slash at the end
    }
    wanted[whole.parent_path().string()].names.insert(whole.filename().string());
    wanted[whole.string()].is_whole = true;
    if (std::filesystem::is_symlink(whole, error)) {
        add_link_target(wanted, whole);
    }
    std::filesystem::directory_iterator entry(whole, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        std::error_code ignored;
        if (entry->is_symlink(ignored)) {
            add_link_target(wanted, entry->path());
        }
    }
    return wanted;
}

Inotify::Inotify() : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

Inotify::~Inotify() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

int Inotify::watch(const std::map<std::string, WatchedFolder>& wanted) {
    int failure = 0;
    std::map<int, WatchedFolder> now;
    for (const auto& [path, what] : wanted) {
        // Adding a folder that is watched gives its number again, so this is also how to keep one.
        const int number = ::inotify_add_watch(descriptor_, path.c_str(), kEvents);
        if (number >= 0) {
            now[number].is_whole |= what.is_whole;
            now[number].names.insert(what.names.begin(), what.names.end());
        } else if (errno != ENOENT && errno != ENOTDIR && failure == 0) {
            failure = errno;
        }
    }
    for (const auto& [number, what] : watched_) {
        if (!now.contains(number)) {
            ::inotify_rm_watch(descriptor_, number);
        }
    }
    watched_ = std::move(now);
    return failure;
}

bool Inotify::matters(int watch, std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0) {
        return true; // events were lost: anything may have happened
    }
    const auto found = watched_.find(watch);
    if (found == watched_.end()) {
        return false;
    }
    if ((mask & (kFolderItself | IN_IGNORED)) != 0) {
        return true;
    }
    return found->second.is_whole || found->second.names.contains(name);
}

bool Inotify::drain() {
    bool has_news = false;
    alignas(inotify_event) std::array<char, 16384> buffer{};
    while (true) {
        const ssize_t count = ::read(descriptor_, buffer.data(), buffer.size());
        if (count <= 0) {
            return has_news;
        }
        for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const std::string name =
                event.len == 0 ? std::string() : buffer.data() + at + sizeof event;
            has_news |= matters(event.wd, event.mask, name);
            at += sizeof event + event.len;
        }
    }
}

} // namespace penstock::config
