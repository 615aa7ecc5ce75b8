#include "cli/duration.hpp"

#include "penstock/types/error.hpp"

#include <array>
#include <cmath>
#include <locale>
#include <sstream>

namespace penstock::cli {
namespace {

using namespace std::chrono_literals;

struct Unit {
    const char* text;
    std::chrono::milliseconds length;
};
constexpr std::array kUnits{Unit{"", 1s}, Unit{"ms", 1ms}, Unit{"s", 1s}, Unit{"m", 1min},
                            Unit{"h", 1h}};
constexpr std::chrono::milliseconds kLongest = 24h;

} // namespace

std::chrono::milliseconds duration_from_text(const std::string& text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    std::istringstream stream(text.substr(0, digits));
    stream.imbue(std::locale::classic());
    double number = 0;
    stream >> number;
    const bool is_number = digits > 0 && !stream.fail() && stream.peek() == EOF;
    for (const Unit& unit : kUnits) {
        const double length = number * static_cast<double>(unit.length.count());
        if (is_number && text.substr(digits) == unit.text &&
            length <= static_cast<double>(kLongest.count())) {
            return std::chrono::milliseconds(std::llround(length));
        }
    }
    throw Exception(ErrorKind::kOption, "invalid duration \"" + text + "\"", {},
                    "Give a number with a unit, at most a day: 500ms, 30s, 2m or 1h.");
}

} // namespace penstock::cli
