#include "block_cache.hpp"

#include "penstock/protocol/messages.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

using Clock = std::chrono::steady_clock;

/// How often a scan that waits for another looks whether it was cancelled itself.
constexpr std::chrono::milliseconds kCancelInterval{20};

/// The question without its columns.
std::string key_of(const ScanRequest& request) {
    ScanRequest question;
    question.connection = request.connection;
    question.table = request.table;
    question.quals = request.quals;
    question.sort = request.sort;
    question.user_name = request.user_name; // a plugin may answer each user differently
    wire::Scan message;
    write_message(question, message);
    return message.SerializeAsString();
}

bool has_columns(const std::vector<RequestedColumn>& columns,
                 const std::vector<RequestedColumn>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const RequestedColumn& column) {
        return std::find(columns.begin(), columns.end(), column) != columns.end();
    });
}

} // namespace

BlockCache::Fetch::Fetch(BlockCache& cache, std::string key, const ScanRequest& request,
                         std::uint64_t epoch)
    : cache_(cache), key_(std::move(key)), connection_(request.connection),
      columns_(request.columns), backend_pid_(request.backend_pid), epoch_(epoch),
      number_(++cache.fetch_count_) {
    cache_.fetches_.push_back(this);
}

bool BlockCache::Fetch::reserve(std::size_t bytes) {
    const std::lock_guard lock(cache_.mutex_);
    if (bytes > cache_.limits_.max_bytes - cache_.fetched_bytes_) {
        return false;
    }
    bytes_ += bytes;
    cache_.fetched_bytes_ += bytes;
    return true;
}

void BlockCache::Fetch::finish(CachedScan scan) {
    const std::lock_guard lock(cache_.mutex_);
    if (cache_.epoch_of(connection_) == epoch_) {
        cache_.insert({key_, connection_, std::make_shared<const CachedScan>(std::move(scan))});
    }
    cache_.fetched_bytes_ -= std::exchange(bytes_, 0);
    std::erase(cache_.fetches_, this);
    cache_.changed_.notify_all();
}

void BlockCache::Fetch::stop_sharing() noexcept {
    const std::lock_guard lock(cache_.mutex_);
    std::erase(cache_.fetches_, this);
    cache_.changed_.notify_all();
}

void BlockCache::Fetch::give_up() noexcept {
    stop_sharing();
    const std::lock_guard lock(cache_.mutex_);
    cache_.fetched_bytes_ -= std::exchange(bytes_, 0);
}

std::uint64_t BlockCache::epoch(const std::string& connection) const {
    const std::lock_guard lock(mutex_);
    return epoch_of(connection);
}

BlockCache::Answer BlockCache::find(const ScanRequest& request, std::uint64_t epoch,
                                    const std::function<bool()>& is_cancelled) {
    if (!is_on() || !request.is_cache_allowed || request.part_count > 1) {
        return {};
    }
    const std::string key = key_of(request);
    std::unique_lock lock(mutex_);
    std::shared_ptr<const CachedScan> scan = look_up(key, request);
    if (scan == nullptr && request.row_target == 0) { // else it may want less than all rows
        const std::uint64_t fetch = find_fetch(key, request);
        while (is_shared(fetch) && !is_cancelled()) {
            (void)changed_.wait_for(lock, kCancelInterval);
        }
        scan = look_up(key, request);
    }
    if (scan != nullptr) {
        return {std::move(scan), nullptr};
    }
    if (request.row_target != 0) {
        return {}; // what comes may be a part
    }
    return {nullptr, std::unique_ptr<Fetch>(new Fetch(*this, key, request, epoch))};
}

std::shared_ptr<const CachedScan> BlockCache::look_up(const std::string& key,
                                                      const ScanRequest& request) {
    const Clock::time_point oldest = Clock::now() - limits_.ttl;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (entry->scan->read_at < oldest) {
            remove(entry);
        } else if (entry->key == key && has_columns(entry->scan->columns, request.columns)) {
            entries_.splice(entries_.begin(), entries_, entry);
            return entries_.front().scan;
        }
        entry = next;
    }
    return nullptr;
}

std::uint64_t BlockCache::find_fetch(const std::string& key, const ScanRequest& request) const {
    const auto found = std::find_if(fetches_.begin(), fetches_.end(), [&](const Fetch* fetch) {
        return fetch->key_ == key && fetch->backend_pid_ != request.backend_pid &&
               fetch->epoch_ == epoch_of(request.connection) && // else it was cleared since
               has_columns(fetch->columns_, request.columns);
    });
    return found != fetches_.end() ? (*found)->number_ : 0;
}

bool BlockCache::is_shared(std::uint64_t number) const {
    return std::any_of(fetches_.begin(), fetches_.end(),
                       [&](const Fetch* fetch) { return fetch->number_ == number; });
}

std::uint64_t BlockCache::epoch_of(const std::string& connection) const {
    const auto found = epochs_.find(connection);
    return common_epoch_ + (found != epochs_.end() ? found->second : 0);
}

void BlockCache::insert(Entry entry) {
    for (auto other = entries_.begin(); other != entries_.end();) {
        const auto next = std::next(other);
        if (other->key == entry.key && has_columns(entry.scan->columns, other->scan->columns)) {
            remove(other);
        }
        other = next;
    }
    bytes_ += entry.scan->bytes;
    entries_.push_front(std::move(entry));
    while (bytes_ > limits_.max_bytes) {
        remove(std::prev(entries_.end()));
    }
}

void BlockCache::remove(Entries::iterator entry) {
    bytes_ -= entry->scan->bytes;
    entries_.erase(entry);
}

void BlockCache::clear(const std::string& connection) {
    const std::lock_guard lock(mutex_);
    ++(connection.empty() ? common_epoch_ : epochs_[connection]);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (connection.empty() || entry->connection == connection) {
            remove(entry);
        }
        entry = next;
    }
}

} // namespace penstock
