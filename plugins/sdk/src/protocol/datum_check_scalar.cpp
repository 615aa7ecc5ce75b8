#include "datum_check_parts.hpp"

namespace penstock::datum {

namespace {

/// A numeric's header, in the long form's terms.
struct NumericHeader {
    std::uint32_t bytes; ///< varlena header included
    bool is_negative;
    int weight;
    int dscale;
};

NumericHeader read_short(std::uint16_t header) noexcept {
    const int weight = header & numeric::kShortWeightMask;
    return {kVarlenaHeaderBytes + 2, (header & numeric::kShortNegative) != 0,
            (header & numeric::kShortWeightSign) != 0 ? weight + numeric::kShortWeightMin : weight,
            (header >> numeric::kShortDscaleShift) & numeric::kShortDscaleMax};
}

NumericHeader read_long(std::uint16_t header, const std::byte* value) noexcept {
    return {kVarlenaHeaderBytes + 4, (header & numeric::kSignMask) == numeric::kNegative,
            load<std::int16_t>(value + kVarlenaHeaderBytes + 2), header & numeric::kDscaleMask};
}

/// The server's own numbers begin and end with a digit that is not zero, and have no digit past
/// dscale; its sort keys and its output buffer are sized by that.
bool are_good_digits(const NumericHeader& header, const std::byte* digits, int count) noexcept {
    if (count == 0) {
        return header.weight == 0 && !header.is_negative;
    }
    const int fraction_groups = count - header.weight - 1;
    const int allowed_groups =
        (header.dscale + numeric::kDigitsPerGroup - 1) / numeric::kDigitsPerGroup;
    if (fraction_groups > allowed_groups || load<std::int16_t>(digits) == 0 ||
        load<std::int16_t>(digits + std::ptrdiff_t{2} * (count - 1)) == 0) {
        return false;
    }
    for (int i = 0; i < count; ++i) {
        const auto digit = load<std::uint16_t>(digits + std::ptrdiff_t{2} * i);
        if (digit >= numeric::kBase) {
            return false;
        }
    }
    return true;
}

bool is_special(const std::byte* value, std::uint32_t size) noexcept {
    return size >= kVarlenaHeaderBytes + 2 && (load<std::uint16_t>(value + kVarlenaHeaderBytes) &
                                               numeric::kSignMask) == numeric::kSpecial;
}

bool is_good_inet(const std::byte* value, std::uint32_t size, bool is_cidr) noexcept {
    constexpr std::uint32_t kPrefix = kVarlenaHeaderBytes + inet::kPrefixBytes;
    if (size < kPrefix) {
        return false;
    }
    const auto family = static_cast<std::uint8_t>(value[kVarlenaHeaderBytes]);
    const auto bits = static_cast<std::uint8_t>(value[kVarlenaHeaderBytes + 1]);
    const std::uint32_t address_bytes = family == inet::kFamilyV4 ? 4 : 16;
    if ((family != inet::kFamilyV4 && family != inet::kFamilyV6) ||
        size != kPrefix + address_bytes || bits > address_bytes * 8) {
        return false;
    }
    if (!is_cidr || bits == address_bytes * 8) {
        return true;
    }
    const std::byte* const host = value + kPrefix + bits / 8;
    const std::uint8_t host_mask = 0xFFU >> (bits % 8);
    return (static_cast<std::uint8_t>(*host) & host_mask) == 0 &&
           is_zero(host + 1, address_bytes - bits / 8 - 1);
}

} // namespace

DatumFault check_numeric(const std::byte* value, std::uint32_t size) noexcept {
    if (size < kVarlenaHeaderBytes + 2) {
        return DatumFault::kBadNumeric;
    }
    const auto bits = load<std::uint16_t>(value + kVarlenaHeaderBytes);
    if (is_special(value, size)) {
        const bool is_known = bits == numeric::kNan || bits == numeric::kPositiveInfinity ||
                              bits == numeric::kNegativeInfinity;
        return is_known && size == kVarlenaHeaderBytes + 2 ? DatumFault::kOk
                                                           : DatumFault::kBadNumeric;
    }
    const bool is_short = (bits & numeric::kSignMask) == numeric::kShort;
    if (!is_short && size < kVarlenaHeaderBytes + 4) {
        return DatumFault::kBadNumeric;
    }
    const NumericHeader header = is_short ? read_short(bits) : read_long(bits, value);
    const std::uint32_t digit_bytes = size - header.bytes;
    const bool is_good = digit_bytes % 2 == 0 && are_good_digits(header, value + header.bytes,
                                                                 static_cast<int>(digit_bytes / 2));
    return is_good ? DatumFault::kOk : DatumFault::kBadNumeric;
}

DatumFault check_finite_numeric(const std::byte* value, std::uint32_t size) noexcept {
    return is_special(value, size) ? DatumFault::kBadNumeric : check_numeric(value, size);
}

DatumFault check_inet(const std::byte* value, std::uint32_t size) noexcept {
    return is_good_inet(value, size, false) ? DatumFault::kOk : DatumFault::kBadInet;
}

DatumFault check_cidr(const std::byte* value, std::uint32_t size) noexcept {
    return is_good_inet(value, size, true) ? DatumFault::kOk : DatumFault::kBadInet;
}

} // namespace penstock::datum
