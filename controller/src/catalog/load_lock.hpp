#pragma once

#include "catalog/session_impl.hpp"

#include <string>

namespace penstock::catalog {

/// The load lock of a schema (extension/src/pg/load_lock.hpp): queries that need its tables wait
/// for it in the server, where deadlocks are found and timeouts count. The session has it over all
/// transactions of an import, and gives it back at the end, whatever that is; it ends with the
/// session in any case.
class LoadLock {
  public:
    LoadLock(Writer& session, std::string schema) : session_(session), schema_(std::move(schema)) {}
    ~LoadLock();
    LoadLock(const LoadLock&) = delete;
    LoadLock& operator=(const LoadLock&) = delete;

    /// Returns: do we hold it now? Not when there is no such schema. Errors: as Writer::write.
    bool take();
    /// Errors: as Connection::run_alone.
    void release();
    [[nodiscard]] bool is_held() const noexcept { return !held_.empty(); }

  private:
    Writer& session_;
    std::string schema_;
    std::string held_; ///< oid of the schema; "" = not held
};

} // namespace penstock::catalog
