#include "system/keys.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace penstock::system {

namespace {

/// The values of one condition.
template <typename Key>
std::set<Key> allowed_by(const Qual& qual) {
    std::set<Key> allowed;
    for (const Value& value : qual.values) {
        if (const Key* key = std::get_if<Key>(&value)) {
            allowed.insert(*key);
        }
    }
    return allowed;
}

template <typename Key>
std::optional<std::set<Key>> keys_of(const ScanRequest& request, std::string_view column) {
    std::optional<std::set<Key>> keys;
    for (const Qual& qual : request.quals) {
        if (qual.column != column || (qual.op != QualOp::kEq && qual.op != QualOp::kIn)) {
            continue;
        }
        std::set<Key> allowed = allowed_by<Key>(qual);
        if (!keys) {
            keys = std::move(allowed);
            continue;
        }
        std::set<Key> both;
        std::ranges::set_intersection(*keys, allowed, std::inserter(both, both.end()));
        keys = std::move(both);
    }
    return keys;
}

} // namespace

std::optional<std::set<std::int64_t>> integer_keys(const ScanRequest& request,
                                                   std::string_view column) {
    return keys_of<std::int64_t>(request, column);
}

std::optional<std::set<std::string>> text_keys(const ScanRequest& request,
                                               std::string_view column) {
    return keys_of<std::string>(request, column);
}

} // namespace penstock::system
