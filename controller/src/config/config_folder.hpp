#pragma once

#include "config/configuration.hpp"

#include <filesystem>
#include <memory>

namespace penstock::config {

/// The folder of *.spc and *.json files: the golden source.
///
/// Keeps the last good version of each file, so that a broken one changes nothing but its own
/// `error`. Threads: one at a time.
class ConfigFolder {
  public:
    explicit ConfigFolder(std::filesystem::path folder);
    ~ConfigFolder();
    ConfigFolder(const ConfigFolder&) = delete;
    ConfigFolder& operator=(const ConfigFolder&) = delete;

    /// Looks at every file again; parses those whose content changed.
    /// Returns: the configuration in force. Never throws for what is in the files; a folder that
    /// cannot be listed is one File with an error, and the last good state of all others.
    [[nodiscard]] const Configuration& rescan();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace penstock::config
