#include "penstock/plugin/row_sink.hpp"

#include "penstock/protocol/frame.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>

namespace penstock {
namespace {

/// Keeps the sizes of the blocks that were sent.
class Blocks final : public BlockOutput {
  public:
    void write_frame(std::span<const std::byte> frame) override {
        BlockHeader header{};
        std::memcpy(&header, frame.data() + kFrameHeaderBytes, sizeof(header));
        rows.push_back(header.row_count);
        bytes.push_back(frame.size());
    }
    [[nodiscard]] bool is_cancelled() const noexcept override { return cancelled; }
    std::vector<std::uint32_t> rows;
    std::vector<std::size_t> bytes;
    bool cancelled = false;
};

class Sink : public ::testing::Test {
  protected:
    RowSink make() { return {request_, schema_, blocks_}; }
    void request(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            for (const Column& column : schema_.columns) {
                if (column.name == name) {
                    request_.columns.push_back({name, column.type});
                }
            }
        }
    }
    static Error error_of(const std::function<void()>& run) {
        try {
            run();
        } catch (const Exception& exception) {
            return exception.error();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }

    TableSchema schema_{.name = "t",
                        .columns = {{"small", TypeId::kInt2},
                                    {"number", TypeId::kFloat4},
                                    {"word", TypeId::kText}}};
    ScanRequest request_;
    Blocks blocks_;
};

TEST_F(Sink, picks_the_columns_that_were_asked_for) {
    request({"word", "small"});
    RowSink rows = make();
    EXPECT_EQ(rows.column_count(), 2U);
    EXPECT_EQ(rows.schema_index(0), 2U);
    EXPECT_TRUE(rows.wants(0));
    EXPECT_FALSE(rows.wants(1));
    rows.add_row(std::vector<Value>{std::int64_t{1}, std::string("never looked at"), "x"});
    EXPECT_EQ(rows.row_count(), 1U);
    rows.finish();
    EXPECT_EQ(blocks_.rows, std::vector<std::uint32_t>{1});
}

TEST_F(Sink, closes_blocks_when_they_are_full) {
    request({"word"});
    RowSink rows = make();
    const std::string word(100, 'x');
    for (int row = 0; row < 10'000; ++row) {
        rows.column(0).append_text(word);
        rows.end_row();
    }
    rows.finish();
    EXPECT_EQ(rows.row_count(), 10'000U);
    ASSERT_GE(blocks_.bytes.size(), 5U);
    for (const std::size_t bytes : blocks_.bytes) {
        EXPECT_LT(bytes, kTargetBlockBytes + 64 * 120);
    }
}

TEST_F(Sink, closes_a_block_in_time_when_rows_become_huge) {
    request({"word"});
    RowSink rows = make();
    for (int row = 0; row < 1'000; ++row) {
        rows.column(0).append_text("x");
        rows.end_row();
    }
    const std::string huge(2U << 20, 'x');
    for (int row = 0; row < 20; ++row) {
        rows.column(0).append_text(huge);
        rows.end_row(); // 40 MiB: more than a frame, if they were kept together
    }
    rows.finish();
    EXPECT_EQ(rows.row_count(), 1'020U);
    for (const std::size_t bytes : blocks_.bytes) {
        EXPECT_LE(bytes, huge.size() + kTargetBlockBytes);
    }
}

TEST_F(Sink, refuses_a_row_that_no_frame_holds) {
    request({"word"});
    RowSink rows = make();
    rows.column(0).append_text(std::string(kMaxFrameBytes, 'x'));
    EXPECT_EQ(error_of([&] { rows.end_row(); }).kind, ErrorKind::kLimit);
}

TEST_F(Sink, sends_at_once_what_reaches_the_row_target) {
    request({"small"});
    request_.row_target = 3;
    RowSink rows = make();
    const auto sent = [&] { return std::accumulate(blocks_.rows.begin(), blocks_.rows.end(), 0U); };
    for (int row = 0; row < 3; ++row) {
        rows.column(0).append_fixed(std::int16_t{1});
        rows.end_row();
    }
    EXPECT_EQ(sent(), 3U); // in one block, unless this machine is so slow that rows grew old
    rows.column(0).append_fixed(std::int16_t{1});
    rows.end_row();
    rows.finish();
    EXPECT_EQ(sent(), 4U);
}

TEST_F(Sink, counts_without_columns) {
    RowSink rows = make();
    rows.add_count((1ULL << 32U) + 5);
    rows.finish();
    EXPECT_EQ(rows.row_count(), (1ULL << 32U) + 5);
    std::uint64_t sum = 0;
    for (const std::uint32_t count : blocks_.rows) {
        EXPECT_LE(count, kMaxEmptyBlockRows);
        sum += count;
    }
    EXPECT_EQ(sum, rows.row_count());
}

TEST_F(Sink, sends_nothing_for_no_rows) {
    request({"small"});
    RowSink rows = make();
    rows.finish();
    EXPECT_TRUE(blocks_.rows.empty());
}

TEST_F(Sink, ends_a_cancelled_scan) {
    request({"small"});
    RowSink rows = make();
    blocks_.cancelled = true;
    EXPECT_EQ(error_of([&] { rows.check_cancelled(); }).kind, ErrorKind::kCancelled);
    EXPECT_EQ(error_of([&] { rows.finish(); }).kind, ErrorKind::kCancelled);
    EXPECT_EQ(error_of([&] {
                  for (int row = 0; row < 100; ++row) {
                      rows.column(0).append_fixed(std::int16_t{1});
                      rows.end_row();
                  }
              }).kind,
              ErrorKind::kCancelled);
}

TEST_F(Sink, keeps_a_hundred_warnings) {
    RowSink rows = make();
    for (int count = 0; count < 150; ++count) {
        rows.add_warning("w");
    }
    EXPECT_EQ(rows.warnings().size(), 100U);
}

TEST_F(Sink, names_a_column_that_does_not_exist) {
    request_.columns = {{"nope", TypeId::kText}};
    const Error error = error_of([&] { (void)make(); });
    EXPECT_EQ(error.kind, ErrorKind::kNoColumn);
    EXPECT_NE(error.message.find("\"nope\""), std::string::npos);
}

TEST_F(Sink, names_a_column_of_another_type) {
    request_.columns = {{"word", TypeId::kInt8}};
    const Error error = error_of([&] { (void)make(); });
    EXPECT_EQ(error.kind, ErrorKind::kType);
    EXPECT_NE(error.message.find("is of type text, not int8"), std::string::npos);
}

TEST_F(Sink, refuses_values_that_a_column_cannot_take) {
    request({"small", "number", "word"});
    RowSink rows = make();
    const auto add = [&](Value small, Value number, Value word) {
        return error_of([&] { rows.add_row(std::vector<Value>{small, number, word}); });
    };
    EXPECT_EQ(add(std::int64_t{40'000}, 0.0, "").sqlstate, "22003");
    EXPECT_EQ(add("x", 0.0, "").message,
              "column \"small\" of type int2 cannot take a value of type text");
}

TEST_F(Sink, refuses_a_float_that_does_not_fit) {
    request({"number"});
    RowSink rows = make();
    EXPECT_EQ(error_of([&] { rows.add_row(std::vector<Value>{Value(), 1e300, Value()}); }).sqlstate,
              "22003");
}

TEST_F(Sink, refuses_rows_of_another_width) {
    RowSink rows = make();
    EXPECT_EQ(error_of([&] { rows.add_row(std::vector<Value>{Value()}); }).kind,
              ErrorKind::kInternal);
}

TEST_F(Sink, refuses_a_count_when_columns_were_asked_for) {
    request({"small"});
    RowSink rows = make();
    EXPECT_EQ(error_of([&] { rows.add_count(1); }).kind, ErrorKind::kInternal);
}

} // namespace
} // namespace penstock
