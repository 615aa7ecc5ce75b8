#include "accumulator.hpp"

#include "column_values.hpp"

#include "penstock/protocol/datum_encode.hpp"
#include "penstock/types/error.hpp"
#include "penstock/types/evaluator.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace penstock {

namespace {

__extension__ using Int128 = __int128;

[[noreturn]] void throw_overflow() {
    Error error = Error::make(ErrorKind::kData, "value out of range: overflow");
    error.sqlstate = "22003";
    throw Exception(std::move(error));
}

/// Calls `add(group, row)` for each row that has a value.
template <typename Add>
void for_each_value(const ColumnView& column, const GroupedRows& rows, const Add& add) {
    const bool has_nulls = column.nulls != nullptr;
    if (rows.groups.empty()) {
        for (const std::uint32_t row : rows.rows) {
            if (!has_nulls || !column.is_null(row)) {
                add(0U, row);
            }
        }
        return;
    }
    for (std::size_t at = 0; at < rows.rows.size(); ++at) {
        const std::uint32_t row = rows.rows[at];
        if (!has_nulls || !column.is_null(row)) {
            add(rows.groups[at], row);
        }
    }
}

class Count final : public Accumulator {
  public:
    void resize(std::uint32_t group_count) override { counts_.resize(group_count); }
    void add(const ColumnView* column, const GroupedRows& rows) override {
        if (column != nullptr) {
            for_each_value(*column, rows,
                           [&](std::uint32_t group, std::uint32_t) { ++counts_[group]; });
        } else if (rows.groups.empty()) {
            counts_[0] += static_cast<std::int64_t>(rows.rows.size());
        } else {
            for (const std::uint32_t group : rows.groups) {
                ++counts_[group];
            }
        }
    }
    void add_rows(std::uint64_t row_count) override {
        counts_[0] += static_cast<std::int64_t>(row_count);
    }
    void append_result(std::uint32_t group, ColumnBuilder& result) const override {
        result.append_fixed(counts_[group]);
    }
    [[nodiscard]] std::size_t bytes() const noexcept override {
        return counts_.size() * sizeof(counts_[0]);
    }

  private:
    std::vector<std::int64_t> counts_;
};

/// Source: utils/adt/numeric.c, int2_sum, int4_sum (int8) and int8_avg_accum (128 bits).
template <typename T>
class IntegerSum final : public Accumulator {
  public:
    void resize(std::uint32_t group_count) override { states_.resize(group_count); }
    void add(const ColumnView* column, const GroupedRows& rows) override {
        for_each_value(*column, rows, [&](std::uint32_t group, std::uint32_t row) {
            State& state = states_[group];
            state.sum += fixed_at<T>(*column, row);
            state.has_value = true;
        });
    }
    void append_result(std::uint32_t group, ColumnBuilder& result) const override {
        const State& state = states_[group];
        if (!state.has_value) {
            result.append_null();
        } else if (result.type() == TypeId::kInt8) {
            result.append_fixed(static_cast<std::int64_t>(state.sum));
        } else {
            result.append_offset(append_numeric(result.data(), text_of(state.sum)).take());
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept override {
        return states_.size() * sizeof(State);
    }

  private:
    struct State {
        Int128 sum = 0;
        bool has_value = false;
    };
    static std::string text_of(Int128 number) {
        const bool is_negative = number < 0;
        std::string text;
        do {
            const int digit = static_cast<int>(number % 10);
            text += static_cast<char>('0' + (is_negative ? -digit : digit));
            number /= 10;
        } while (number != 0);
        text += is_negative ? "-" : "";
        std::reverse(text.begin(), text.end());
        return text;
    }
    std::vector<State> states_;
};

/// Source: utils/adt/float.c, float4pl, float8pl.
template <typename T>
class FloatSum final : public Accumulator {
  public:
    void resize(std::uint32_t group_count) override { states_.resize(group_count); }
    void add(const ColumnView* column, const GroupedRows& rows) override {
        for_each_value(*column, rows, [&](std::uint32_t group, std::uint32_t row) {
            State& state = states_[group];
            const T value = fixed_at<T>(*column, row);
            const T sum = state.sum + value;
            if (std::isinf(sum) && !std::isinf(state.sum) && !std::isinf(value)) [[unlikely]] {
                throw_overflow();
            }
            state.sum = sum;
            state.has_value = true;
        });
    }
    void append_result(std::uint32_t group, ColumnBuilder& result) const override {
        if (states_[group].has_value) {
            result.append_fixed(states_[group].sum);
        } else {
            result.append_null();
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept override {
        return states_.size() * sizeof(State);
    }

  private:
    struct State {
        T sum = T{-0.0}; ///< the first value is the sum, whatever its sign
        bool has_value = false;
    };
    std::vector<State> states_;
};

/// Source: utils/adt/float.c, float8_accum and float8_avg. The squares do not show in the average,
/// but their overflow does.
template <typename T>
class FloatAverage final : public Accumulator {
  public:
    void resize(std::uint32_t group_count) override { states_.resize(group_count); }
    void add(const ColumnView* column, const GroupedRows& rows) override {
        for_each_value(*column, rows, [&](std::uint32_t group, std::uint32_t row) {
            add_value(states_[group], double{fixed_at<T>(*column, row)});
        });
    }
    void append_result(std::uint32_t group, ColumnBuilder& result) const override {
        const State& state = states_[group];
        if (state.count > 0) {
            result.append_fixed(state.sum / state.count);
        } else {
            result.append_null();
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept override {
        return states_.size() * sizeof(State);
    }

  private:
    struct State {
        double count = 0;
        double sum = 0;
        double squares = 0;
    };
    static void add_value(State& state, double value) {
        const double old_count = state.count;
        const double old_sum = state.sum;
        state.count += 1;
        state.sum += value;
        if (old_count > 0) {
            const double distance = value * state.count - state.sum;
            state.squares += distance * distance / (state.count * old_count);
            if (std::isinf(state.sum) || std::isinf(state.squares)) {
                if (!std::isinf(old_sum) && !std::isinf(value)) {
                    throw_overflow();
                }
                state.squares = std::nan("");
            }
        } else if (!std::isfinite(value)) {
            state.squares = std::nan("");
        }
    }
    std::vector<State> states_;
};

/// Of two equal values PostgreSQL keeps the later one, which shows with -0 and 0.
template <typename T>
class Extreme final : public Accumulator {
  public:
    explicit Extreme(bool is_max) : is_max_(is_max) {}
    void resize(std::uint32_t group_count) override { states_.resize(group_count); }
    void add(const ColumnView* column, const GroupedRows& rows) override {
        for_each_value(*column, rows, [&](std::uint32_t group, std::uint32_t row) {
            State& state = states_[group];
            const T value = fixed_at<T>(*column, row);
            const bool stays = state.has_value && (is_max_ ? is_less(value, state.value)
                                                           : is_less(state.value, value));
            if (!stays) {
                state = {value, true};
            }
        });
    }
    void append_result(std::uint32_t group, ColumnBuilder& result) const override {
        if (states_[group].has_value) {
            result.append_fixed(states_[group].value);
        } else {
            result.append_null();
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept override {
        return states_.size() * sizeof(State);
    }

  private:
    struct State {
        T value = 0;
        bool has_value = false;
    };
    static bool is_less(T left, T right) {
        if constexpr (std::is_floating_point_v<T>) {
            return order_of(left) < order_of(right);
        } else {
            return left < right;
        }
    }
    bool is_max_;
    std::vector<State> states_;
};

class TextExtreme final : public Accumulator {
  public:
    explicit TextExtreme(bool is_max) : is_max_(is_max) {}
    void resize(std::uint32_t group_count) override { states_.resize(group_count); }
    void add(const ColumnView* column, const GroupedRows& rows) override {
        for_each_value(*column, rows, [&](std::uint32_t group, std::uint32_t row) {
            State& state = states_[group];
            const std::string_view value = bytes_at(*column, row);
            if (!state.has_value || (is_max_ ? value > state.value : value < state.value)) {
                text_bytes_ += value.size() - state.value.size();
                state.value = value;
                state.has_value = true;
            }
        });
    }
    void append_result(std::uint32_t group, ColumnBuilder& result) const override {
        if (states_[group].has_value) {
            result.append_text(states_[group].value);
        } else {
            result.append_null();
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept override {
        return states_.size() * sizeof(State) + text_bytes_;
    }

  private:
    struct State {
        std::string value;
        bool has_value = false;
    };
    bool is_max_;
    std::vector<State> states_;
    std::size_t text_bytes_ = 0; ///< of all values
};

std::unique_ptr<Accumulator> make_extreme(TypeId type, bool is_max) {
    switch (type) {
    case TypeId::kInt2:
        return std::make_unique<Extreme<std::int16_t>>(is_max);
    case TypeId::kInt4:
    case TypeId::kDate:
        return std::make_unique<Extreme<std::int32_t>>(is_max);
    case TypeId::kFloat4:
        return std::make_unique<Extreme<float>>(is_max);
    case TypeId::kFloat8:
        return std::make_unique<Extreme<double>>(is_max);
    case TypeId::kText:
        return std::make_unique<TextExtreme>(is_max);
    default: // int8, timestamptz
        return std::make_unique<Extreme<std::int64_t>>(is_max);
    }
}

std::unique_ptr<Accumulator> make_sum(TypeId type) {
    switch (type) {
    case TypeId::kInt2:
        return std::make_unique<IntegerSum<std::int16_t>>();
    case TypeId::kInt4:
        return std::make_unique<IntegerSum<std::int32_t>>();
    case TypeId::kInt8:
        return std::make_unique<IntegerSum<std::int64_t>>();
    case TypeId::kFloat4:
        return std::make_unique<FloatSum<float>>();
    default: // float8
        return std::make_unique<FloatSum<double>>();
    }
}

} // namespace

void Accumulator::add_rows(std::uint64_t /*row_count*/) {
    throw Exception(ErrorKind::kInternal, "aggregate over rows without columns");
}

std::unique_ptr<Accumulator> make_accumulator(const AggregateCall& call) {
    if (!aggregate_result(call.function, call.type)) {
        throw Exception(ErrorKind::kProtocol,
                        "aggregate of column \"" + call.column + "\" is not known");
    }
    switch (call.function) {
    case AggregateFunction::kSum:
        return make_sum(call.type);
    case AggregateFunction::kAvg:
        if (call.type == TypeId::kFloat4) {
            return std::make_unique<FloatAverage<float>>();
        }
        return std::make_unique<FloatAverage<double>>();
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
        return make_extreme(call.type, call.function == AggregateFunction::kMax);
    case AggregateFunction::kCount:
        break;
    }
    return std::make_unique<Count>();
}

} // namespace penstock
