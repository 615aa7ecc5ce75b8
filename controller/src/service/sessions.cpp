#include "service/sessions.hpp"

#include "penstock/types/error.hpp"

namespace penstock::service {

bool ends_leadership(const Error& error) noexcept {
    // A refusal by the server has an SQLSTATE; that of an old epoch is the catalog's own.
    return error.kind == ErrorKind::kUnavailable ||
           (error.kind == ErrorKind::kPermission && error.sqlstate.empty());
}

SessionPool::~SessionPool() {
    threads_.join();
}

void SessionPool::open(catalog::Target target, std::int64_t epoch) {
    const std::scoped_lock lock(mutex_);
    opened_ = Opened{std::move(target), epoch};
    idle_.clear();
}

void SessionPool::close() {
    const std::scoped_lock lock(mutex_);
    opened_.reset();
    idle_.clear();
}

SessionPool::Lease::Lease(SessionPool& pool) : pool_(pool) {
    Opened opened;
    {
        const std::scoped_lock lock(pool_.mutex_);
        if (!pool_.opened_) {
            throw Exception(ErrorKind::kUnavailable, "there is no connection to the database");
        }
        opened = *pool_.opened_;
        if (!pool_.idle_.empty()) {
            session_ = std::move(pool_.idle_.back());
            pool_.idle_.pop_back();
        }
    }
    epoch_ = opened.epoch;
    if (!session_) {
        session_ = std::make_unique<catalog::Session>(opened.target, opened.epoch);
    }
}

void SessionPool::Lease::give_back() {
    const std::scoped_lock lock(pool_.mutex_);
    if (pool_.opened_ && pool_.opened_->epoch == epoch_) {
        pool_.idle_.push_back(std::move(session_));
    }
}

} // namespace penstock::service
