#pragma once

#include "config/configuration.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace penstock::config {

/// What a ConfigFolder takes from its surroundings; the defaults are for the service.
struct FolderSettings {
    /// 16 bytes that only this installation knows and keeps; Connection::config_hash depends on it.
    std::string hash_key{};
    /// Milliseconds of a clock that never jumps; std::chrono::steady_clock when empty.
    std::function<std::int64_t()> now_ms{};
    /// What env() reads; the process's environment when empty.
    std::function<std::optional<std::string>(const std::string& name)> env{};
};

/// The folder of *.spc and *.json files: the golden source.
///
/// Keeps the last good version of each file, so that a broken one changes nothing but its own
/// `error`. A file that vanished, or that is suddenly empty, counts as such only after two seconds:
/// editors do both for a moment when they save. Threads: one at a time.
/// Source: README.md, "Files".
class ConfigFolder {
  public:
    explicit ConfigFolder(const std::filesystem::path& folder, FolderSettings settings = {});
    ~ConfigFolder();
    ConfigFolder(const ConfigFolder&) = delete;
    ConfigFolder& operator=(const ConfigFolder&) = delete;

    /// Looks at every file again; parses those whose content changed; resolves env() and file()
    /// anew. Returns: the configuration in force, valid until the next rescan. Never throws for
    /// what is in the files; a folder that cannot be listed is one File with an error, and the last
    /// good state of all others.
    [[nodiscard]] const Configuration& rescan();

    /// When the last rescan has seen something that only time can decide (a file that vanished, one
    /// that was being written): how long to wait before the next rescan. Else nothing.
    [[nodiscard]] std::optional<std::int64_t> rescan_after_ms() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace penstock::config
