#include "data_table.hpp"

#include "compare.hpp"

#include "penstock/types/evaluator.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace spy {

using namespace penstock;

namespace {

constexpr std::array kAllOps{QualOp::kEq,        QualOp::kNe,  QualOp::kLt, QualOp::kLe,
                             QualOp::kGt,        QualOp::kGe,  QualOp::kIn, QualOp::kIsNull,
                             QualOp::kIsNotNull, QualOp::kLike};

/// Draws what one connection promises.
class Promises {
  public:
    explicit Promises(std::uint64_t seed)
        : seed_(seed), random_(seed * 7919), hints_(seed * 104'729), orders_(seed * 15'485'863),
          joins_(draw_joins(seed)) {}

    TableSchema draw(const DataTable& data) {
        TableSchema schema;
        schema.name = data.name;
        schema.description = "The same rows in every connection with this data_seed.";
        schema.columns = data.columns;
        for (Column& column : schema.columns) {
            draw_operators(column);
            if (column.key == KeyKind::kNone && is_key(column) && random_.is_one_in(2)) {
                column.key = KeyKind::kOptional;
            }
            draw_hints(column);
        }
        // The planner must be right whatever it was told.
        constexpr std::array<double, 3> kRows{1, 1000, 1e6};
        schema.row_estimate = random_.is_one_in(2) ? static_cast<double>(data.rows.size()) + 1
                                                   : kRows[random_.below(kRows.size())];
        schema.startup_cost_ms = random_.is_one_in(2) ? 1 : 100;
        constexpr std::array<std::uint32_t, 4> kParts{0, 1, 3, 100};
        schema.max_parts = kParts[hints_.below(kParts.size())];
        draw_orders(schema);
        schema.joins = joins_;
        return schema;
    }

  private:
    enum class Answer { kNone, kSuperset, kExact };

    Answer draw_answer() {
        return seed_ == 0   ? Answer::kNone
               : seed_ == 1 ? Answer::kExact
                            : static_cast<Answer>(random_.below(3));
    }

    void draw_operators(Column& column) {
        for (const QualOp op : kAllOps) {
            Answer answer = draw_answer();
            const bool is_key =
                column.key != KeyKind::kNone && (op == QualOp::kEq || op == QualOp::kIn);
            if (is_key && answer == Answer::kNone) {
                answer = Answer::kSuperset; // nobody could look it up otherwise
            }
            if (is_comparable(column.type, op) && answer != Answer::kNone) {
                (answer == Answer::kExact ? column.exact : column.superset).add(op);
            }
        }
    }

    /// What makes other plans of joins.
    void draw_hints(Column& column) {
        constexpr std::array<std::uint32_t, 4> kBatches{0, 1, 3, 100};
        constexpr std::array<double, 4> kDistinct{0, 1, 10, 1e6};
        column.batch = is_key(column) ? kBatches[hints_.below(kBatches.size())] : 0;
        column.distinct_estimate = kDistinct[hints_.below(kDistinct.size())];
        column.is_unique = column.name == "id" && hints_.is_one_in(2);
    }

    /// What the table sorts when it is asked to, and how its rows come anyway.
    void draw_orders(TableSchema& schema) {
        for (Column& column : schema.columns) {
            column.is_sortable =
                seed_ != 0 && can_be_ordered(column.type) && (seed_ == 1 || orders_.is_one_in(3));
        }
        for (std::size_t count = seed_ == 0 ? 0 : orders_.below(3); count > 0; --count) {
            const Column& column = schema.columns[orders_.below(schema.columns.size())];
            const bool is_there =
                std::any_of(schema.ordered_by.begin(), schema.ordered_by.end(),
                            [&](const SortKey& key) { return key.column == column.name; });
            if (can_be_ordered(column.type) && !is_there) {
                schema.ordered_by.push_back(
                    {column.name, orders_.is_one_in(2), orders_.is_one_in(2)});
            }
        }
    }

    /// One answer for all tables: half of all pairs would not join otherwise.
    static JoinKinds draw_joins(std::uint64_t seed) {
        constexpr std::array kKinds{JoinKind::kInner, JoinKind::kLeft, JoinKind::kFull,
                                    JoinKind::kSemi, JoinKind::kAnti};
        Random random(seed * 1'299'709);
        JoinKinds joins;
        for (const JoinKind kind : kKinds) {
            if (seed == 1 || (seed > 1 && !random.is_one_in(4))) {
                joins.add(kind);
            }
        }
        return joins;
    }

    static bool is_key(const Column& column) {
        const QualOps all = column.exact | column.superset;
        return all.has(QualOp::kEq) && all.has(QualOp::kIn);
    }

    std::uint64_t seed_;
    Random random_;
    Random hints_; ///< apart, so that new hints leave the conditions as they are
    Random orders_;
    JoinKinds joins_;
};

class SpiedTable final : public JoinableTable {
  public:
    SpiedTable(TableSchema schema, std::vector<Row> rows, std::shared_ptr<RequestLog> log)
        : schema_(std::move(schema)), rows_(sorted(std::move(rows), schema_.ordered_by)),
          log_(std::move(log)) {}
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }
    [[nodiscard]] const std::vector<Row>& rows() const override { return rows_; }

    void scan(const ScanRequest& request, RowSink& rows) override {
        const auto send_rows = [&] {
            std::vector<Row> sent;
            for (std::size_t index = 0; index < rows_.size(); ++index) {
                const bool is_of_part =
                    request.part_count == 0 || index % request.part_count == request.part;
                if (is_of_part && is_sent(request, index)) {
                    sent.push_back(rows_[index]);
                }
            }
            for (const Row& row : sorted(std::move(sent), request.sort)) {
                send(row, rows);
            }
        };
        record(*log_, request, rows, send_rows);
    }

  private:
    static void send(const Row& row, RowSink& rows) {
        if (rows.column_count() == 0) {
            rows.add_count(1);
        } else {
            rows.add_row(row);
        }
    }

    /// Rows that break an exact condition never, those that break a superset one now and then.
    [[nodiscard]] bool is_sent(const ScanRequest& request, std::size_t index) const {
        return std::all_of(request.quals.begin(), request.quals.end(), [&](const Qual& qual) {
            const bool is_right = is_satisfied(value_of(qual.column, index), qual);
            return is_right || (!qual.is_exact && Random(index).is_one_in(3));
        });
    }

    [[nodiscard]] std::size_t position_of(const std::string& column) const {
        const auto found = std::find_if(schema_.columns.begin(), schema_.columns.end(),
                                        [&](const Column& each) { return each.name == column; });
        return static_cast<std::size_t>(found - schema_.columns.begin());
    }
    [[nodiscard]] const Value& value_of(const std::string& column, std::size_t row) const {
        return rows_.at(row).at(position_of(column));
    }

    [[nodiscard]] std::vector<Row> sorted(std::vector<Row> rows,
                                          const std::vector<SortKey>& keys) const {
        std::stable_sort(rows.begin(), rows.end(), [&](const Row& left, const Row& right) {
            for (const SortKey& key : keys) {
                const std::size_t at = position_of(key.column);
                const int order = compare_by(key, left[at], right[at], schema_.columns[at].type);
                if (order != 0) {
                    return order < 0;
                }
            }
            return false;
        });
        return rows;
    }

    const TableSchema schema_;
    const std::vector<Row> rows_;
    const std::shared_ptr<RequestLog> log_;
};

} // namespace

std::vector<std::shared_ptr<Table>> make_data_tables(std::uint64_t data_seed, std::uint64_t seed,
                                                     std::shared_ptr<RequestLog> log) {
    Promises promises(seed);
    std::vector<std::shared_ptr<Table>> tables;
    for (DataTable& data : make_data(data_seed)) {
        TableSchema schema = promises.draw(data);
        tables.push_back(
            std::make_shared<SpiedTable>(std::move(schema), std::move(data.rows), log));
    }
    return tables;
}

} // namespace spy
