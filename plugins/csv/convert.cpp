#include "csv/convert.hpp"

#include "penstock/plugin/jsonb.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace penstock::csv {

namespace {

using Append = bool (*)(std::string_view text, ColumnBuilder& column);

template <typename Integer>
bool append_small_integer(std::string_view text, ColumnBuilder& column) {
    std::int64_t value = 0;
    if (!parse_int8(text, value) || value < std::numeric_limits<Integer>::min() ||
        value > std::numeric_limits<Integer>::max()) {
        return false;
    }
    column.append_fixed(static_cast<Integer>(value));
    return true;
}

bool append_float4(std::string_view text, ColumnBuilder& column) {
    double value = 0;
    if (!parse_float8(text, value)) {
        return false;
    }
    const auto narrow = static_cast<float>(value);
    if (std::isinf(narrow) && !std::isinf(value)) {
        return false;
    }
    column.append_fixed(narrow);
    return true;
}

bool append_bool(std::string_view text, ColumnBuilder& column) {
    bool value = false;
    if (!parse_bool(text, value)) {
        return false;
    }
    column.append_fixed(value);
    return true;
}

bool append_date(std::string_view text, ColumnBuilder& column) {
    Date value{};
    if (!parse_date(text, value)) {
        return false;
    }
    column.append_fixed(value.days);
    return true;
}

bool append_uuid(std::string_view text, ColumnBuilder& column) {
    Uuid value;
    if (!parse_uuid_text(text, value)) {
        return false;
    }
    column.append_fixed(value.bytes);
    return true;
}

bool append_numeric_text(std::string_view text, ColumnBuilder& column) {
    const std::size_t first = text.find_first_not_of(' ');
    const std::size_t last = text.find_last_not_of(' ');
    if (first == std::string_view::npos) {
        return false;
    }
    const auto offset = append_numeric(column.data(), text.substr(first, last - first + 1));
    if (!offset.ok()) {
        return false;
    }
    column.append_offset(offset.value());
    return true;
}

bool append_json_text(std::string_view text, ColumnBuilder& column) {
    const auto offset = append_jsonb(column.data(), text);
    if (!offset.ok()) {
        return false;
    }
    column.append_offset(offset.value());
    return true;
}

bool append_inet_text(std::string_view text, ColumnBuilder& column) {
    const auto value = parse_inet(text);
    if (!value.ok()) {
        return false;
    }
    column.append_offset(append_inet(column.data(), value.value()));
    return true;
}

bool append_common(std::string_view text, ColumnBuilder& column) {
    return append_converted(text, column);
}

struct Conversion {
    TypeId type;
    Append append;
};
/// In the order in which messages list them.
constexpr std::array kConversions{
    Conversion{TypeId::kBool, append_bool},
    Conversion{TypeId::kInt2, append_small_integer<std::int16_t>},
    Conversion{TypeId::kInt4, append_small_integer<std::int32_t>},
    Conversion{TypeId::kInt8, append_common},
    Conversion{TypeId::kFloat4, append_float4},
    Conversion{TypeId::kFloat8, append_common},
    Conversion{TypeId::kNumeric, append_numeric_text},
    Conversion{TypeId::kText, append_common},
    Conversion{TypeId::kDate, append_date},
    Conversion{TypeId::kTimestamptz, append_common},
    Conversion{TypeId::kUuid, append_uuid},
    Conversion{TypeId::kInet, append_inet_text},
    Conversion{TypeId::kJsonb, append_json_text},
};

const Conversion* find_conversion(TypeId type) noexcept {
    const auto* found =
        std::find_if(kConversions.begin(), kConversions.end(),
                     [type](const Conversion& entry) { return entry.type == type; });
    return found == kConversions.end() ? nullptr : found;
}

} // namespace

bool can_convert(TypeId type) noexcept {
    return find_conversion(type) != nullptr;
}

std::string convertible_type_names() {
    std::string names;
    for (const Conversion& entry : kConversions) {
        names += names.empty() ? "" : ", ";
        names += find_type(entry.type)->sql_name;
    }
    return names;
}

bool append_rare(std::string_view text, ColumnBuilder& column) {
    const Conversion* conversion = find_conversion(column.type());
    return conversion != nullptr && conversion->append(text, column);
}

} // namespace penstock::csv
