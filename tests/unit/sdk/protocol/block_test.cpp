#include "penstock/protocol/block.hpp"

#include "penstock/protocol/block_builder.hpp"
#include "penstock/protocol/frame.hpp"

#include <gtest/gtest.h>

#include <array>

namespace penstock {
namespace {

constexpr std::array<TypeId, 2> kTypes{TypeId::kInt4, TypeId::kText};

/// A block of an int4 and a text column with `rows` rows; every third int4 is NULL.
std::vector<std::byte> frame_of(std::uint32_t rows) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kInt4);
    columns.emplace_back(TypeId::kText);
    for (std::uint32_t row = 0; row < rows; ++row) {
        if (row % 3 == 2) {
            columns[0].append_null();
        } else {
            columns[0].append_fixed(static_cast<std::int32_t>(row));
        }
        columns[1].append_text("row " + std::to_string(row));
    }
    std::vector<std::byte> frame;
    build_block_frame(columns, rows, frame);
    return frame;
}

class Block : public ::testing::Test {
  protected:
    /// The payload; 8 bytes into an allocation, so aligned.
    std::span<std::byte> payload() { return std::span(frame_).subspan(kFrameHeaderBytes); }
    Result<std::uint32_t> open() { return open_block(payload(), kTypes, columns_); }
    template <typename T>
    void put(std::size_t at, T value) {
        std::memcpy(payload().data() + at, &value, sizeof(value));
    }
    void expect_refused(const char* message) {
        const auto rows = open();
        ASSERT_FALSE(rows.ok()) << message;
        EXPECT_EQ(rows.error().kind, ErrorKind::kProtocol);
        EXPECT_NE(rows.error().message.find(message), std::string::npos) << rows.error().message;
    }

    std::vector<std::byte> frame_ = frame_of(10);
    std::array<ColumnView, 2> columns_{};
};

/// Where the fields of the two column entries are.
constexpr std::size_t kFirstColumn = sizeof(BlockHeader);
constexpr std::size_t kSecondColumn = kFirstColumn + sizeof(ColumnArea);

TEST_F(Block, gives_back_what_was_appended) {
    ASSERT_EQ(open().take(), 10U);
    for (std::uint32_t row = 0; row < 10; ++row) {
        EXPECT_EQ(columns_[0].is_null(row), row % 3 == 2) << row;
        std::int32_t value = 0;
        std::memcpy(&value, columns_[0].values + 4UL * row, 4);
        EXPECT_EQ(value, row % 3 == 2 ? 0 : static_cast<std::int32_t>(row));
        EXPECT_FALSE(columns_[1].is_null(row));
    }
    EXPECT_EQ(columns_[1].nulls, nullptr);
}

TEST_F(Block, starts_null_bits_at_any_row) {
    for (std::uint32_t first_null = 0; first_null < 20; ++first_null) {
        std::vector<ColumnBuilder> columns;
        columns.emplace_back(TypeId::kInt8);
        for (std::uint32_t row = 0; row < 20; ++row) {
            row == first_null ? columns[0].append_null() : columns[0].append_fixed(std::int64_t{1});
        }
        build_block_frame(columns, 20, frame_);
        const std::array<TypeId, 1> types{TypeId::kInt8};
        ASSERT_EQ(open_block(payload(), types, columns_).take(), 20U);
        for (std::uint32_t row = 0; row < 20; ++row) {
            EXPECT_EQ(columns_[0].is_null(row), row == first_null) << row << ' ' << first_null;
        }
    }
}

TEST_F(Block, forgets_its_rows_when_a_column_is_cleared) {
    ColumnBuilder column(TypeId::kText);
    column.append_null();
    column.append_text("x");
    column.clear();
    EXPECT_EQ(column.row_count(), 0U);
    EXPECT_EQ(column.bytes(), 0U);
    column.append_text("y");
    EXPECT_TRUE(column.nulls_area().empty());
}

TEST_F(Block, says_when_a_value_is_large) {
    ColumnBuilder column(TypeId::kText);
    std::uint32_t counter = 7;
    column.watch_size(100, &counter);
    column.append_text(std::string(50, 'x'));
    EXPECT_EQ(counter, 7U);
    column.append_text(std::string(50, 'x'));
    EXPECT_EQ(counter, 0U);
}

TEST_F(Block, without_columns_carries_only_a_count) {
    build_block_frame(std::span<const ColumnBuilder>{}, kMaxEmptyBlockRows, frame_);
    EXPECT_EQ(open_block(payload(), {}, {}).take(), kMaxEmptyBlockRows);
    EXPECT_EQ(payload().size(), sizeof(BlockHeader));
}

TEST_F(Block, is_not_built_from_columns_of_unequal_length) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kInt8);
    EXPECT_THROW(build_block_frame(columns, 1, frame_), Exception);
}

TEST_F(Block, is_not_built_when_no_frame_would_hold_it) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kText);
    columns[0].append_text(std::string(kMaxFrameBytes, 'x'));
    try {
        build_block_frame(columns, 1, frame_);
        FAIL() << "was built";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().kind, ErrorKind::kLimit);
    }
}

TEST_F(Block, refuses_a_payload_shorter_than_its_header) {
    frame_.resize(kFrameHeaderBytes + 7);
    expect_refused("shorter than its header");
}

TEST_F(Block, refuses_a_payload_shorter_than_its_column_table) {
    frame_.resize(kFrameHeaderBytes + kSecondColumn + 15);
    expect_refused("shorter than its column table");
}

TEST_F(Block, refuses_another_number_of_columns) {
    put<std::uint16_t>(4, 3);
    expect_refused("3 columns instead of 2");
}

TEST_F(Block, refuses_reserved_bytes_that_are_not_zero) {
    put<std::uint16_t>(6, 1);
    expect_refused("reserved");
}

TEST_F(Block, refuses_no_rows_and_too_many) {
    put<std::uint32_t>(0, 0);
    expect_refused("0 rows");
    put<std::uint32_t>(0, kMaxBlockRows + 1);
    expect_refused("rows");
}

TEST_F(Block, refuses_areas_that_leave_the_payload) {
    const std::uint32_t end = (static_cast<std::uint32_t>(payload().size()) + 7) & ~7U;
    struct Case {
        std::size_t field;
        const char* message;
    };
    for (const Case& one : {Case{kFirstColumn, "column 1 has its NULL bits outside"},
                            Case{kFirstColumn + 4, "column 1 has its values outside"},
                            Case{kSecondColumn + 4, "column 2 has its values outside"},
                            Case{kSecondColumn + 8, "column 2 has its data outside"}}) {
        for (const std::uint32_t offset : {end, 0xFFFFFFF8U}) {
            frame_ = frame_of(10);
            put(one.field, offset);
            expect_refused(one.message);
        }
    }
    frame_ = frame_of(10);
    put<std::uint32_t>(kSecondColumn + 12, 0xFFFFFFFFU);
    expect_refused("column 2 has its data outside");
}

TEST_F(Block, refuses_an_area_on_top_of_the_header) {
    put<std::uint32_t>(kFirstColumn + 4, 8);
    expect_refused("column 1 has its values outside");
}

TEST_F(Block, refuses_a_row_count_that_its_areas_do_not_hold) {
    put<std::uint32_t>(0, kMaxBlockRows);
    expect_refused("outside");
}

TEST_F(Block, refuses_misaligned_areas) {
    ColumnArea area{};
    std::memcpy(&area, payload().data() + kFirstColumn, sizeof(area));
    put<std::uint32_t>(kFirstColumn + 4, area.values_offset + 4);
    expect_refused("misaligned");
}

TEST_F(Block, refuses_a_data_area_of_a_fixed_width_column) {
    put<std::uint32_t>(kFirstColumn + 12, 8);
    expect_refused("fixed width");
}

} // namespace
} // namespace penstock
