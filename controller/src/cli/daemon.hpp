#pragma once

#include "cluster/file_descriptor.hpp"
#include "cluster/home.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {

/// The folder of the running program: penstockd lies beside it.
[[nodiscard]] std::filesystem::path program_folder();
/// Where plugins lie when nobody says otherwise; the same in a build tree and when installed.
[[nodiscard]] std::filesystem::path default_plugin_folder();

/// The process that holds a lock on `file`, by the kernel's own list: a number that a dead process
/// wrote into a file is never believed. nullopt: nobody. Takes no lock itself, so it never makes
/// another's attempt fail.
[[nodiscard]] std::optional<pid_t> lock_holder(const std::filesystem::path& file);

/// Commands that change the service run one at a time; held for the object's life.
class ServiceLock {
  public:
    /// Waits up to a minute. Errors: Exception kUnavailable naming the process that holds it.
    explicit ServiceLock(const cluster::Home& home);

  private:
    cluster::FileDescriptor file_;
};

/// penstockd of a home, seen from outside.
class Daemon {
  public:
    explicit Daemon(cluster::Home home);

    [[nodiscard]] std::optional<pid_t> running() const;
    /// Starts it and waits until it holds its lock.
    /// Errors: Exception kUnavailable with the end of its log when it ends instead.
    void start(const std::vector<std::string>& arguments);
    /// TERM, KILL when it does not end; true when there was one.
    /// Errors: Exception kUnavailable when it belongs to somebody else.
    bool stop();

    [[nodiscard]] std::filesystem::path log_file() const { return home_.logs() / "penstockd.log"; }
    /// What it wrote since `start`.
    [[nodiscard]] std::string log_of_start() const;

  private:
    [[nodiscard]] std::filesystem::path lock_file() const { return home_.run() / "penstockd.lock"; }

    cluster::Home home_;
    std::uintmax_t log_start_ = 0;
};

} // namespace penstock::cli
