#include "reconcile/loading.hpp"

namespace penstock::reconcile {

namespace {

std::size_t count_of(const Offers& offers, const std::string& name) {
    const auto offer = offers.find(name);
    return offer == offers.end() ? 0 : offer->second.table_count;
}

/// Has it its tables, or is it about to get them?
bool is_loaded(const Actual& actual, const std::string& name) {
    const auto row = actual.find(name);
    return row != actual.end() && row->second.has_row && row->second.is_imported;
}

} // namespace

void plan_loading(Desired& desired, const Actual& actual, const Offers& offers,
                  const std::set<std::string>& referenced, std::size_t most_tables) {
    std::size_t total = 0;
    for (auto& [name, wanted] : desired) {
        if (is_loaded(actual, name)) {
            total += count_of(offers, name);
        }
    }
    for (auto& [name, wanted] : desired) {
        const bool is_referenced = referenced.contains(name);
        wanted.wants_tables = is_referenced || wanted.import_schema != "lazy";
        if (is_referenced || !wanted.wants_tables || is_loaded(actual, name)) {
            continue;
        }
        total += count_of(offers, name);
        wanted.wants_tables = total <= most_tables;
    }
}

} // namespace penstock::reconcile
