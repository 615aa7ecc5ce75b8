#include "catalog/load_lock.hpp"

#include <utility>

namespace penstock::catalog {

LoadLock::~LoadLock() {
    try {
        release();
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch)
        // Only on the way of another error; the session is given up then, and the lock with it.
    }
}

bool LoadLock::take() {
    session_.write([&](pqxx::work& work) {
        const auto rows = exec(work, "select penstock.hold_load_lock($1::name)", schema_);
        held_ = rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
    });
    return is_held();
}

void LoadLock::release() {
    if (is_held()) {
        session_.connection.run_alone("select penstock.release_load_lock(" +
                                      std::exchange(held_, {}) + ")");
    }
}

} // namespace penstock::catalog
