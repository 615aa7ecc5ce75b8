#include "group_keys.hpp"

#include "column_values.hpp"

#include <array>

namespace penstock {

namespace {

constexpr std::size_t kFirstSlots = 256; // a power of two

/// Source: the finaliser of MurmurHash3 (public domain).
std::uint64_t mix(std::uint64_t number) noexcept {
    number = (number ^ (number >> 33U)) * 0xFF51AFD7ED558CCDULL;
    number = (number ^ (number >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
    return number ^ (number >> 33U);
}

std::uint64_t hash_of(std::string_view bytes) noexcept {
    std::uint64_t hash = 0x9E3779B97F4A7C15ULL ^ bytes.size();
    while (bytes.size() >= 8) {
        hash = mix(hash ^
                   datum::load<std::uint64_t>(reinterpret_cast<const std::byte*>(bytes.data())));
        bytes.remove_prefix(8);
    }
    std::uint64_t rest = 0;
    if (!bytes.empty()) {
        std::memcpy(&rest, bytes.data(), bytes.size());
    }
    return mix(hash ^ rest);
}

template <typename T>
void copy_fixed(const ColumnView& column, std::uint32_t row, ColumnBuilder& builder) {
    builder.append_fixed(fixed_at<T>(column, row));
}

/// Alignment of a value with a long header in a data area.
std::size_t alignment_of(TypeId type) noexcept {
    return type == TypeId::kInt8Array ? 8 : 4;
}

} // namespace

void copy_value(const ColumnView& column, std::uint32_t row, ColumnBuilder& builder) {
    if (column.is_null(row)) {
        builder.append_null();
        return;
    }
    switch (column.width) {
    case 1:
        return copy_fixed<std::uint8_t>(column, row, builder);
    case 2:
        return copy_fixed<std::uint16_t>(column, row, builder);
    case 4:
        return copy_fixed<std::uint32_t>(column, row, builder);
    case 8:
        return copy_fixed<std::uint64_t>(column, row, builder);
    case 16:
        return copy_fixed<std::array<std::uint64_t, 2>>(column, row, builder);
    default:
        break;
    }
    const std::string_view value = varlena_at(column, row);
    DataArea& data = builder.data();
    if ((static_cast<unsigned char>(value.front()) & 1U) == 0) {
        data.align(alignment_of(column.type));
    }
    const auto offset = static_cast<std::uint32_t>(data.size());
    std::memcpy(data.extend(value.size()), value.data(), value.size());
    builder.append_offset(offset);
}

ColumnView view_of(const ColumnBuilder& builder) {
    ColumnView view{};
    view.type = builder.type();
    view.width = find_type(builder.type())->width;
    view.nulls = builder.nulls_area().empty() ? nullptr : builder.nulls_area().data();
    view.values = builder.values_area().data();
    view.data = builder.data_area().data();
    view.data_bytes = static_cast<std::uint32_t>(builder.data_area().size());
    return view;
}

GroupKeys::GroupKeys(std::vector<std::size_t> positions, const std::vector<TypeId>& types)
    : positions_(std::move(positions)),
      is_integer_(types.size() == 1 && has_integer_order(types.front())), slots_(kFirstSlots) {
    for (const TypeId type : types) {
        keys_.emplace_back(type);
    }
    if (positions_.empty()) {
        group_count_ = 1;
    }
}

std::size_t GroupKeys::bytes() const noexcept {
    std::size_t bytes =
        slots_.size() * sizeof(Slot) + arena_.size() + ends_.size() * sizeof(ends_[0]);
    for (const ColumnBuilder& key : keys_) {
        bytes += key.bytes();
    }
    return bytes;
}

void GroupKeys::assign(std::span<const ColumnView> columns, std::span<const std::uint32_t> rows,
                       std::span<std::uint32_t> groups) {
    misses_.clear();
    if (is_integer_) {
        assign_integers(columns, rows, groups);
    } else if (!positions_.empty()) {
        assign_bytes(columns, rows, groups);
    }
}

void GroupKeys::assign_integers(std::span<const ColumnView> columns,
                                std::span<const std::uint32_t> rows,
                                std::span<std::uint32_t> groups) {
    const ColumnView& column = columns[positions_.front()];
    with_order(column, [&](const auto& read) {
        for (std::size_t at = 0; at < rows.size(); ++at) {
            const std::uint32_t row = rows[at];
            if (column.is_null(row)) {
                groups[at] = null_group(columns, row);
                continue;
            }
            const std::uint64_t hash = mix(static_cast<std::uint64_t>(read(row)));
            // Equal hashes are equal keys: mix() maps no two numbers to one.
            Slot& slot = find_slot(hash, [](std::uint32_t) { return true; });
            if (slot.group != kNoGroup) {
                groups[at] = slot.group;
            } else {
                groups[at] = is_closed_ ? miss(row, hash) : add_group(slot, hash, columns, row);
            }
        }
    });
}

void GroupKeys::assign_bytes(std::span<const ColumnView> columns,
                             std::span<const std::uint32_t> rows, std::span<std::uint32_t> groups) {
    const bool is_single = positions_.size() == 1;
    const ColumnView& first = columns[positions_.front()];
    for (std::size_t at = 0; at < rows.size(); ++at) {
        const std::uint32_t row = rows[at];
        if (is_single && first.is_null(row)) {
            groups[at] = null_group(columns, row);
            continue;
        }
        const std::string_view key = is_single ? bytes_at(first, row) : serialize(columns, row);
        const std::uint64_t hash = hash_of(key);
        Slot& slot = find_slot(hash, [&](std::uint32_t group) { return bytes_of(group) == key; });
        if (slot.group != kNoGroup) {
            groups[at] = slot.group;
        } else if (is_closed_) {
            groups[at] = miss(row, hash);
        } else {
            arena_ += key;
            groups[at] = add_group(slot, hash, columns, row);
        }
    }
}

template <typename IsEqual>
GroupKeys::Slot& GroupKeys::find_slot(std::uint64_t hash, const IsEqual& is_equal) {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].group != kNoGroup &&
           (slots_[at].hash != hash || !is_equal(slots_[at].group))) {
        at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
}

std::uint32_t GroupKeys::null_group(std::span<const ColumnView> columns, std::uint32_t row) {
    if (null_group_ == kNoGroup) {
        if (is_closed_) {
            return miss(row, 0);
        }
        null_group_ = append_key(columns, row);
    }
    return null_group_;
}

std::uint32_t GroupKeys::miss(std::uint32_t row, std::uint64_t hash) {
    misses_.push_back({row, hash});
    return kNoGroup;
}

std::uint32_t GroupKeys::append_key(std::span<const ColumnView> columns, std::uint32_t row) {
    for (std::size_t index = 0; index < positions_.size(); ++index) {
        copy_value(columns[positions_[index]], row, keys_[index]);
    }
    ends_.push_back(arena_.size());
    return group_count_++;
}

std::uint32_t GroupKeys::add_group(Slot& slot, std::uint64_t hash,
                                   std::span<const ColumnView> columns, std::uint32_t row) {
    const std::uint32_t group = append_key(columns, row);
    slot = {hash, group};
    if (std::size_t{group} * 2 >= slots_.size()) {
        grow();
    }
    return group;
}

void GroupKeys::grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.group != kNoGroup) {
            find_slot(slot.hash, [](std::uint32_t) { return false; }) = slot;
        }
    }
}

std::string_view GroupKeys::bytes_of(std::uint32_t group) const noexcept {
    const std::size_t begin = group == 0 ? 0 : ends_[group - 1];
    return std::string_view(arena_).substr(begin, ends_[group] - begin);
}

/// Each column: 0 for NULL; or 1 and its order in 8 bytes, or 2, its length in 4 bytes and its
/// bytes.
std::string_view GroupKeys::serialize(std::span<const ColumnView> columns, std::uint32_t row) {
    scratch_.clear();
    const auto append = [&](char tag, const auto& number) {
        scratch_ += tag;
        scratch_.append(reinterpret_cast<const char*>(&number), sizeof(number));
    };
    for (const std::size_t position : positions_) {
        const ColumnView& column = columns[position];
        if (column.is_null(row)) {
            scratch_ += '\0';
        } else if (has_integer_order(column.type)) {
            with_order(column, [&](const auto& read) { append('\1', read(row)); });
        } else {
            const std::string_view bytes = bytes_at(column, row);
            append('\2', static_cast<std::uint32_t>(bytes.size()));
            scratch_ += bytes;
        }
    }
    return scratch_;
}

} // namespace penstock
