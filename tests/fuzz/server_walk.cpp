#include "server_walk.hpp"

#include <string_view>

namespace penstock::fuzz {

namespace {

std::size_t align_up(std::size_t offset, std::size_t alignment) {
    return (offset + alignment - 1) / alignment * alignment;
}

/// A JsonbContainer with the accessors of jsonb_util.c.
class Container {
  public:
    explicit Container(Bytes bytes) : bytes_(bytes), header_(read<std::uint32_t>(bytes, 0)) {
        const std::uint32_t kind = header_ & 0x60000000U;
        require(kind == 0x20000000U || kind == 0x40000000U, "unknown type of jsonb container");
        require((header_ & 0x10000000U) == 0 || (!is_object() && count() == 1),
                "a scalar jsonb array without exactly one element");
        data_at_ = 4 + std::size_t{4} * entry_count();
        require(data_at_ <= bytes.size(), "jsonb entries past the end");
    }

    [[nodiscard]] bool is_object() const { return (header_ & 0x20000000U) != 0; }
    [[nodiscard]] std::uint32_t count() const { return header_ & 0x0FFFFFFFU; }
    [[nodiscard]] std::size_t entry_count() const {
        return is_object() ? std::size_t{2} * count() : count();
    }
    [[nodiscard]] std::uint32_t type(std::size_t index) const { return entry(index) & 0x70000000U; }

    /// getJsonbOffset: adds lengths up backwards to an entry with an offset.
    [[nodiscard]] std::size_t offset(std::size_t index) const {
        std::size_t offset = 0;
        for (std::size_t i = index; i-- > 0;) {
            offset += entry(i) & 0x0FFFFFFFU;
            if ((entry(i) & 0x80000000U) != 0) {
                break;
            }
        }
        return offset;
    }

    /// getJsonbLength.
    [[nodiscard]] std::size_t length(std::size_t index) const {
        const std::size_t stored = entry(index) & 0x0FFFFFFFU;
        if ((entry(index) & 0x80000000U) == 0) {
            return stored;
        }
        require(stored >= offset(index), "a jsonb entry of negative length");
        return stored - offset(index);
    }

    [[nodiscard]] Bytes child(std::size_t index) const {
        return cut(bytes_.subspan(data_at_), offset(index), length(index));
    }

    /// fillJsonbValue for numbers and containers: from the next multiple of four.
    [[nodiscard]] Bytes aligned_child(std::size_t index) const {
        const std::size_t start = align_up(offset(index), 4);
        const std::size_t padding = start - offset(index);
        require(padding <= length(index), "jsonb padding past the value");
        return cut(bytes_.subspan(data_at_), start, length(index) - padding);
    }

    [[nodiscard]] std::string_view key(std::size_t index) const {
        require(type(index) == 0, "a jsonb key that is not a string");
        const Bytes bytes = child(index);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    /// getKeyJsonValueFromContainer: bisection over length, then bytes.
    [[nodiscard]] std::size_t find(std::string_view wanted) const {
        std::size_t low = 0;
        std::size_t high = count();
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            const std::string_view found = key(middle);
            const bool is_same_length = found.size() == wanted.size();
            const int order =
                is_same_length ? found.compare(wanted) : (found.size() < wanted.size() ? -1 : 1);
            if (order == 0) {
                return middle;
            }
            (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
        }
        return count();
    }

  private:
    [[nodiscard]] std::uint32_t entry(std::size_t index) const {
        return read<std::uint32_t>(bytes_, 4 + 4 * index);
    }

    Bytes bytes_;
    std::uint32_t header_;
    std::size_t data_at_ = 0;
};

void walk_container(Bytes bytes, int depth) {
    require(depth <= 1000, "jsonb nested too deeply");
    const Container container(bytes);
    for (std::size_t i = 0; i < container.entry_count(); ++i) {
        switch (container.type(i)) {
        case 0x00000000U:
            walk_text(container.child(i));
            break;
        case 0x10000000U:
            walk_numeric(content_of(container.aligned_child(i)));
            break;
        case 0x50000000U:
            walk_container(container.aligned_child(i), depth + 1);
            break;
        default:
            require(container.type(i) <= 0x40000000U, "unknown type of jsonb entry");
        }
    }
    for (std::size_t i = 0; container.is_object() && i < container.count(); ++i) {
        require(container.find(container.key(i)) == i, "a jsonb key that cannot be found");
    }
}

} // namespace

void walk_numeric(Bytes content) {
    const auto header = read<std::uint16_t>(content, 0);
    if ((header & 0xC000U) == 0xC000U) {
        require(header == 0xC000U || header == 0xD000U || header == 0xF000U, "unknown numeric");
        return;
    }
    const std::size_t header_bytes = (header & 0x8000U) != 0 ? 2 : 4;
    int weight = static_cast<int>(header & 0x3FU) - ((header & 0x40U) != 0 ? 64 : 0);
    if (header_bytes == 4) {
        weight = read<std::int16_t>(content, 2);
    }
    const std::size_t count = (content.size() - header_bytes) / 2;
    for (std::size_t i = 0; i < count; ++i) {
        const auto digit = read<std::int16_t>(content, header_bytes + 2 * i);
        require(digit >= 0 && digit < 10000, "a numeric digit out of range");
    }
    // Abbreviated sort keys take the first digit for the most significant one.
    require(count == 0 || read<std::int16_t>(content, header_bytes) != 0, "a leading zero");
    require(count != 0 || weight == 0, "a zero with a weight");
}

void walk_inet(Bytes content) {
    const auto family = read<std::uint8_t>(content, 0);
    const auto bits = read<std::uint8_t>(content, 1);
    require(family == 2 || family == 3, "an unknown address family");
    const std::size_t address_bytes = family == 2 ? 4 : 16;
    require(bits <= address_bytes * 8, "a prefix longer than its address");
    require(cut(content, 2, address_bytes).size() == content.size() - 2, "an address too long");
}

void walk_array(Bytes value, std::uint32_t element_oid) {
    const auto dimensions = read<std::int32_t>(value, 4);
    require(dimensions >= 0 && dimensions <= 6, "false dimensions"); // MAXDIM
    require(read<std::uint32_t>(value, 12) == element_oid, "an array of another type");
    std::size_t count = dimensions == 0 ? 0 : 1;
    for (int i = 0; i < dimensions; ++i) {
        const auto length = read<std::int32_t>(value, 16 + std::size_t{4} * i);
        const auto lower = read<std::int32_t>(value, 16 + std::size_t{4} * (dimensions + i));
        require(length > 0 && lower <= INT32_MAX - length, "false bounds");
        count *= static_cast<std::size_t>(length);
    }
    const auto data_offset = read<std::int32_t>(value, 8);
    const std::size_t prefix = 16 + std::size_t{8} * dimensions;
    std::size_t at = data_offset != 0 ? static_cast<std::size_t>(data_offset) : align_up(prefix, 8);
    for (std::size_t i = 0; i < count; ++i) {
        if (data_offset != 0 &&
            (read<std::uint8_t>(value, prefix + i / 8) & (1U << (i % 8))) == 0) {
            continue;
        }
        if (element_oid == 20) {
            (void)read<std::int64_t>(value, at);
            at += 8;
        } else {
            require(at <= value.size(), "an element past the end");
            const Bytes text = content_of(value.subspan(at));
            walk_text(text);
            at = align_up(at + (read<std::uint32_t>(value, at) >> 2U), 4);
        }
    }
    require(at <= value.size(), "an element past the end");
}

void walk_jsonb(Bytes content) {
    walk_container(content, 1);
}

void walk_value(TypeId type, Bytes room) {
    const Bytes content = content_of(room);
    const Bytes value =
        room.first(static_cast<std::size_t>(content.data() - room.data()) + content.size());
    switch (type) {
    case TypeId::kText:
        return walk_text(content);
    case TypeId::kNumeric:
        return walk_numeric(content);
    case TypeId::kInet:
    case TypeId::kCidr:
        return walk_inet(content);
    case TypeId::kJsonb:
        return walk_jsonb(content);
    case TypeId::kTextArray:
        return walk_array(value, 25);
    case TypeId::kInt8Array:
        return walk_array(value, 20);
    default:
        require(type == TypeId::kBytea, "a type that is no varlena");
    }
}

} // namespace penstock::fuzz
