#include "reconcile/loading.hpp"

#include "reconcile/walk.hpp"

namespace penstock::reconcile {

namespace {

/// What is known of one connection after the other, in the order of their names.
class Known {
  public:
    Known(const Actual& actual, const Offers& offers) : rows_(actual), offers_(offers) {}

    void look_at(const std::string& name) {
        const ActualConnection* const row = rows_.find(name);
        const Offer* const offer = offers_.find(name);
        is_loaded = row != nullptr && row->has_row && row->is_imported;
        table_count = offer == nullptr ? 0 : offer->table_count;
    }

    bool is_loaded = false;
    std::size_t table_count = 0;

  private:
    Walk<ActualConnection> rows_;
    Walk<Offer> offers_;
};

std::size_t count_loaded(const Desired& desired, const Actual& actual, const Offers& offers) {
    std::size_t total = 0;
    Known known(actual, offers);
    for (const auto& [name, wanted] : desired) {
        known.look_at(name);
        total += known.is_loaded ? known.table_count : 0;
    }
    return total;
}

} // namespace

void plan_loading(Desired& desired, const Actual& actual, const Offers& offers,
                  const std::set<std::string>& referenced, std::size_t most_tables) {
    std::size_t total = count_loaded(desired, actual, offers);
    Known known(actual, offers);
    for (auto& [name, wanted] : desired) {
        known.look_at(name);
        const bool is_referenced = !referenced.empty() && referenced.contains(name);
        wanted.wants_tables = is_referenced || wanted.import_schema != "lazy";
        if (wanted.wants_tables && !is_referenced && !known.is_loaded) {
            total += known.table_count;
            wanted.wants_tables = total <= most_tables;
        }
    }
}

} // namespace penstock::reconcile
