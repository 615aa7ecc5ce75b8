#include "query/near_names.hpp"

#include <algorithm>
#include <numeric>

namespace penstock::query {
namespace {

constexpr std::size_t kMostNear = 3;
constexpr std::size_t kMostListed = 10;

/// Insertions, deletions and replacements of one byte, and swaps of two neighbours, that make the
/// one of the other (optimal string alignment).
std::size_t edit_distance(const std::string& left, const std::string& right) {
    std::vector<std::vector<std::size_t>> costs(left.size() + 1,
                                                std::vector<std::size_t>(right.size() + 1));
    std::iota(costs[0].begin(), costs[0].end(), 0U);
    for (std::size_t i = 1; i <= left.size(); ++i) {
        costs[i][0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replaced =
                costs[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
            std::size_t& cost = costs[i][j];
            cost = std::min({costs[i - 1][j] + 1, costs[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
                cost = std::min(cost, costs[i - 2][j - 2] + 1);
            }
        }
    }
    return costs[left.size()][right.size()];
}

std::string quoted_list(const std::vector<std::string>& names, const std::string& last_joint) {
    std::string text;
    for (std::size_t index = 0; index < names.size(); ++index) {
        const bool is_last = index + 1 == names.size();
        text += (index == 0 ? "" : is_last ? last_joint : ", ") + "\"" + names[index] + "\"";
    }
    return text;
}

} // namespace

std::vector<std::string> near_names(const std::string& wanted,
                                    const std::vector<std::string>& names) {
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const std::string& name : names) {
        const std::size_t distance = edit_distance(wanted, name);
        const bool is_begin = !wanted.empty() && name.rfind(wanted, 0) == 0;
        if (is_begin || distance <= (wanted.size() + 2) / 3) {
            found.emplace_back(distance, name);
        }
    }
    std::sort(found.begin(), found.end());
    found.resize(std::min(found.size(), kMostNear));
    std::vector<std::string> near;
    near.reserve(found.size());
    for (auto& [distance, name] : found) {
        near.push_back(std::move(name));
    }
    return near;
}

std::string near_names_hint(const std::string& wanted, const std::vector<std::string>& names,
                            const std::string& kind) {
    const std::vector<std::string> near = near_names(wanted, names);
    if (!near.empty()) {
        return "Did you mean " + quoted_list(near, " or ") + "?";
    }
    if (names.empty()) {
        return "";
    }
    const bool is_all = names.size() <= kMostListed;
    const std::vector<std::string> first(
        names.begin(),
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostListed)));
    return (is_all ? "The " + kind + " are: " : "The first " + kind + " by name are: ") +
           quoted_list(first, ", ") + ".";
}

} // namespace penstock::query
