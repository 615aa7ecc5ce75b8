#pragma once

#include <filesystem>

namespace penstock::service {

/// One penstockd for each install folder: flock on run/penstockd.lock, which holds our pid.
///
/// The kernel lets go of it when the process ends, however that happens; the file stays.
class ServiceLock {
  public:
    /// Errors: Exception kLimit, naming the process that has it; kPermission.
    explicit ServiceLock(const std::filesystem::path& file);
    ~ServiceLock();
    ServiceLock(const ServiceLock&) = delete;
    ServiceLock& operator=(const ServiceLock&) = delete;

  private:
    int fd_ = -1;
};

} // namespace penstock::service
