#pragma once

#include <map>
#include <string>

namespace penstock::reconcile {

/// Reads a map by names that come in ascending order: one comparison or two for each, where a
/// search of thousands costs a dozen.
template <typename Value>
class Walk {
  public:
    explicit Walk(const std::map<std::string, Value>& map) : next_(map.begin()), end_(map.end()) {}

    /// Null when there is none. `name` is greater than the one of the call before.
    [[nodiscard]] const Value* find(const std::string& name) {
        int order = -1;
        while (next_ != end_ && (order = next_->first.compare(name)) < 0) {
            ++next_;
        }
        return next_ != end_ && order == 0 ? &next_->second : nullptr;
    }

  private:
    typename std::map<std::string, Value>::const_iterator next_;
    typename std::map<std::string, Value>::const_iterator end_;
};

} // namespace penstock::reconcile
