#include "config/config_folder.hpp"

#include "config/file_reader.hpp"
#include "config/hcl.hpp"
#include "config/json_file.hpp"
#include "config/keyed_hash.hpp"
#include "config/merge.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <system_error>
#include <utility>

namespace penstock::config {

namespace {

/// How long a file must be absent or empty before that is taken for what the user wants.
constexpr std::int64_t kFadingMs = 2000;
/// When to look again at a file that was written while it was read.
constexpr std::int64_t kChangingMs = 200;
/// When to look again after the process had too few descriptors: no event says that it has some.
constexpr std::int64_t kShortageMs = 1000;

constexpr unsigned kWritableByOthers = 0002;

/// One file as far as it is known.
struct Tracked {
    std::optional<FileIdentity>
        identity;          ///< of the content in `seen_hash`; nothing = read it again
    std::string seen_hash; ///< of the content last read, good or not
    std::string good_hash;
    std::optional<Declarations> good;        ///< the version in force
    std::optional<ConfigError> access_error; ///< it cannot be read, or must not be
    std::optional<ConfigError> content_error;
    std::optional<std::int64_t> fading_since_ms; ///< absent or empty since
};

bool is_config_name(std::string_view name) {
    return !name.starts_with('.') && (name.ends_with(".spc") || name.ends_with(".json"));
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

ConfigError whole_file_error(const std::string& path, std::string message, std::string hint = {}) {
    return {Error::make(ErrorKind::kUnavailable, std::move(message), {}, std::move(hint)),
            {.file = path}};
}

std::variant<Declarations, ConfigError> read_declarations(const std::string& text,
                                                          const std::string& path) {
    ParseResult parsed = path.ends_with(".json") ? parse_json(text, path) : parse_hcl(text, path);
    if (auto* error = std::get_if<ConfigError>(&parsed)) {
        return std::move(*error);
    }
    return declare(std::move(std::get<Document>(parsed)), path);
}

std::int64_t steady_now_ms() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

} // namespace

struct ConfigFolder::Impl {
    Impl(const std::filesystem::path& folder_path, FolderSettings folder_settings)
        : folder(folder_path.string()), settings(std::move(folder_settings)),
          outside(real_outside(folder)) {
        if (!settings.now_ms) {
            settings.now_ms = steady_now_ms;
        }
        if (settings.env) {
            outside.env = settings.env;
        }
        outside.file = [this, read = std::move(outside.file)](const std::string& path) {
            Result<std::string> text = read(path);
            if (!text && text.error().retryable) {
                wake_after(kShortageMs);
            }
            return text;
        };
    }

    void rescan();
    [[nodiscard]] std::optional<std::set<std::string>> list();
    void look(const std::string& path, Tracked& file);
    void take_content(const std::string& path, Tracked& file, const FileContent& content);
    [[nodiscard]] bool is_fading(Tracked& file);
    void join();
    void wake_after(std::int64_t delay_ms) {
        rescan_after_ms = std::min(delay_ms, rescan_after_ms.value_or(delay_ms));
    }

    std::string folder;
    FolderSettings settings;
    Outside outside;
    std::int64_t now_ms = 0;              ///< of the rescan in hand
    std::map<std::string, Tracked> files; ///< by path
    std::optional<ConfigError> folder_error;
    bool was_listed = false;
    std::map<std::string, PluginInstance> declared;
    Configuration configuration;
    std::optional<std::int64_t> rescan_after_ms;
};

void ConfigFolder::Impl::rescan() {
    now_ms = settings.now_ms();
    rescan_after_ms.reset();
    if (const std::optional<std::set<std::string>> paths = list()) {
        for (const std::string& path : *paths) {
            look(path, files[path]);
        }
        for (auto file = files.begin(); file != files.end();) {
            const bool is_gone = !paths->contains(file->first) && !is_fading(file->second);
            file = is_gone ? files.erase(file) : std::next(file);
        }
    }
    join();
}

/// The paths of all files that count, or nothing when the folder cannot be listed.
std::optional<std::set<std::string>> ConfigFolder::Impl::list() {
    std::set<std::string> paths;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (is_config_name(name)) {
            paths.insert((std::filesystem::path(folder) / name).string());
        }
    }
    folder_error.reset();
    if (error) {
        if (is_shortage(error.value())) {
            wake_after(kShortageMs);
        }
        folder_error =
            whole_file_error(folder, "could not list folder \"" + folder + "\": " + error.message(),
                             "All connections stay as they were until it can be listed again.");
        return std::nullopt;
    }
    was_listed = true;
    return paths;
}

/// Whether a file that is absent or empty still counts with what it held before.
bool ConfigFolder::Impl::is_fading(Tracked& file) {
    if (!file.good || file.good->is_empty()) {
        return false;
    }
    if (!file.fading_since_ms) {
        file.fading_since_ms = now_ms;
    }
    const std::int64_t left_ms = *file.fading_since_ms + kFadingMs - now_ms;
    if (left_ms > 0) {
        wake_after(left_ms);
    }
    return left_ms > 0;
}

void ConfigFolder::Impl::look(const std::string& path, Tracked& file) {
    FileContent content = look_at_file(path);
    const bool is_unchanged = !content.error && file.identity == content.identity;
    if (is_unchanged && !file.access_error) {
        file.fading_since_ms.reset();
        return;
    }
    const bool is_unsafe = !content.error && (content.identity.mode & kWritableByOthers) != 0;
    if (!content.error && !is_unsafe) {
        content = read_regular_file(path);
    }
    if (content.is_shortage) {
        wake_after(kShortageMs);
    }
    if (content.is_absent || content.is_changing) {
        wake_after(kChangingMs); // between listing and reading: the next look decides
        if (content.is_changing && !file.good) {
            // Said, or what it defined before the start would count as removed.
            file.access_error =
                whole_file_error(path, "file \"" + base_name(path) + "\" changes while it is read",
                                 "It is read again until it rests.");
        }
        return;
    }
    file.access_error.reset();
    if (is_unsafe) {
        file.access_error = whole_file_error(
            path, "file \"" + base_name(path) + "\" can be written by every user",
            "Run: chmod o-w " + base_name(path) + ". A file with secrets should have mode 0600.");
    } else if (content.error) {
        file.access_error = whole_file_error(
            path, "could not read file \"" + base_name(path) + "\": " + *content.error,
            "A configuration file is a regular file of at most 1 MiB that the service can read.");
    } else {
        take_content(path, file, content);
        return;
    }
    file.identity.reset();
    file.fading_since_ms.reset();
}

void ConfigFolder::Impl::take_content(const std::string& path, Tracked& file,
                                      const FileContent& content) {
    if (content.text.empty() && is_fading(file)) {
        file.identity.reset();
        return;
    }
    file.fading_since_ms.reset();
    file.identity.reset();
    if (!content.is_racy) {
        file.identity = content.identity;
    }
    std::string hash = keyed_hash(settings.hash_key, content.text);
    if (hash == file.seen_hash) {
        return;
    }
    file.seen_hash = hash;
    file.content_error.reset();
    std::variant<Declarations, ConfigError> read = read_declarations(content.text, path);
    if (auto* error = std::get_if<ConfigError>(&read)) {
        file.content_error = std::move(*error);
        return;
    }
    file.good = std::move(std::get<Declarations>(read));
    file.good_hash = std::move(hash);
}

void ConfigFolder::Impl::join() {
    std::vector<Contribution> contributions;
    for (const auto& [path, file] : files) {
        if (file.good) {
            contributions.push_back({&path, &*file.good, file.fading_since_ms.has_value()});
        }
    }
    Merged merged = merge(contributions, {.outside = outside,
                                          .hash_key = settings.hash_key,
                                          .declared_before = declared,
                                          .database_before = configuration.database});
    declared = std::move(merged.declared);
    configuration = std::move(merged.configuration);
    if (folder_error) {
        configuration.files.push_back({.path = folder,
                                       .content_hash = {},
                                       .error = folder_error,
                                       .connection_count = 0,
                                       .is_known = was_listed});
    }
    for (const auto& [path, file] : files) {
        File row;
        row.path = path;
        row.content_hash = file.good_hash;
        row.error = file.access_error ? file.access_error : file.content_error;
        if (const auto blame = merged.file_errors.find(path);
            !row.error && blame != merged.file_errors.end()) {
            row.error = blame->second;
        }
        row.connection_count = file.good ? static_cast<int>(file.good->connections.size()) : 0;
        row.is_known = file.good.has_value();
        if (row.is_known || row.error) { // else it vanished before it could be read
            configuration.files.push_back(std::move(row));
        }
    }
}

ConfigFolder::ConfigFolder(const std::filesystem::path& folder, FolderSettings settings)
    : impl_(std::make_unique<Impl>(folder, std::move(settings))) {}

ConfigFolder::~ConfigFolder() = default;

const Configuration& ConfigFolder::rescan() {
    impl_->rescan();
    return impl_->configuration;
}

std::optional<std::int64_t> ConfigFolder::rescan_after_ms() const noexcept {
    return impl_->rescan_after_ms;
}

} // namespace penstock::config
