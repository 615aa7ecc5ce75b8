#include "core/scan_session.hpp"

#include "unit/extension/core/stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace penstock::core {
namespace {

using Event = ScanSession::Event;
using test::end;
using test::end_of_part;
using test::int8_block;
using test::text_block;
using test::welcome;

/// A session with one column, fed from a string in pieces.
class Scan {
  public:
    explicit Scan(TypeId type, std::string stream, std::size_t piece = 1U << 20U)
        : column_{"value", type, 0}, stream_(std::move(stream)), piece_(piece) {
        RequestSpec request = request_of_table();
        request.columns = {&column_, 1};
        EXPECT_TRUE(session.open(request));
    }
    Scan(const RequestSpec& request, std::string stream)
        : stream_(std::move(stream)), piece_(1U << 20U) {
        EXPECT_TRUE(session.open(request));
    }

    static RequestSpec request_of_table() {
        RequestSpec request = {};
        request.connection = "conn";
        request.table = "tab";
        request.user_name = "me";
        return request;
    }

    /// The next row, the end or the error; the end of the string is the peer closing.
    Event next() {
        for (;;) {
            const Event event = session.next_row(&value, &is_null);
            if (event != Event::kNeedBytes) {
                return event;
            }
            const std::span<std::byte> want = session.want();
            const std::size_t bytes = std::min({want.size(), piece_, stream_.size() - at_});
            if (bytes == 0) {
                return session.closed(nullptr);
            }
            std::memcpy(want.data(), stream_.data() + at_, bytes);
            at_ += bytes;
            if (session.received(bytes) == Event::kError) {
                return Event::kError;
            }
        }
    }

    /// All values of an int8 scan that is expected to end well.
    std::vector<std::int64_t> integers() {
        std::vector<std::int64_t> all;
        while (next() == Event::kRow) {
            all.push_back(static_cast<std::int64_t>(value));
        }
        return all;
    }

    Error fail() {
        Event event = Event::kRow;
        while (event == Event::kRow) {
            event = next();
        }
        EXPECT_EQ(event, Event::kError);
        return session.error();
    }

    ScanSession session;
    std::uint64_t value = 0;
    bool is_null = false;

  private:
    ColumnSpec column_{};
    std::string stream_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

std::string text_of(std::uint64_t datum) {
    const auto* varlena = reinterpret_cast<const unsigned char*>(datum);
    return {reinterpret_cast<const char*>(varlena) + 1,
            static_cast<std::size_t>(*varlena >> 1U) - 1};
}

TEST(ScanSession, delivers_all_rows_of_all_blocks_in_any_pieces) {
    const std::string stream = welcome() + int8_block({1, 2, 3}) + int8_block({-4}) +
                               int8_block({5, INT64_MAX, INT64_MIN}) + end(7);
    const std::vector<std::int64_t> expected = {1, 2, 3, -4, 5, INT64_MAX, INT64_MIN};
    for (const std::size_t piece : {1U, 3U, 8U, 100U, 100000U}) {
        Scan scan(TypeId::kInt8, stream, piece);
        EXPECT_EQ(scan.integers(), expected);
        EXPECT_EQ(scan.next(), Event::kEnd);
        EXPECT_EQ(scan.session.rows_total(), 7U);
        EXPECT_EQ(scan.session.blocks_total(), 3U);
        EXPECT_EQ(scan.session.bytes_total(), stream.size());
    }
}

TEST(ScanSession, sign_extends_narrow_integers_as_a_datum_is) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kInt4);
    columns[0].append_fixed(std::int32_t{-7});
    Scan four(TypeId::kInt4, welcome() + test::block(columns, 1) + end(1));
    ASSERT_EQ(four.next(), Event::kRow);
    EXPECT_EQ(static_cast<std::int64_t>(four.value), -7);
    columns.clear();
    columns.emplace_back(TypeId::kInt2);
    columns[0].append_fixed(std::int16_t{-3});
    Scan two(TypeId::kInt2, welcome() + test::block(columns, 1) + end(1));
    ASSERT_EQ(two.next(), Event::kRow);
    EXPECT_EQ(static_cast<std::int64_t>(two.value), -3);
}

TEST(ScanSession, tells_null_from_empty_text) {
    Scan scan(TypeId::kText, welcome() + text_block({nullptr, "", "word"}) + end(3));
    ASSERT_EQ(scan.next(), Event::kRow);
    EXPECT_TRUE(scan.is_null);
    ASSERT_EQ(scan.next(), Event::kRow);
    EXPECT_FALSE(scan.is_null);
    EXPECT_EQ(text_of(scan.value), "");
    ASSERT_EQ(scan.next(), Event::kRow);
    EXPECT_EQ(text_of(scan.value), "word");
}

TEST(ScanSession, an_empty_result_is_an_end_without_blocks) {
    Scan scan(TypeId::kInt8, welcome() + end(0));
    EXPECT_EQ(scan.next(), Event::kEnd);
    EXPECT_EQ(scan.next(), Event::kEnd);
}

TEST(ScanSession, a_stream_that_closes_without_its_end_is_an_error) {
    for (const std::string& stream : {std::string(), welcome(), welcome() + int8_block({1, 2}),
                                      welcome() + end(5).substr(0, 9)}) {
        Scan scan(TypeId::kInt8, stream);
        const Error error = scan.fail();
        EXPECT_EQ(error.kind, ErrorKind::kConnection);
        EXPECT_STREQ(sqlstate_of(error), "08006");
        EXPECT_NE(error.message.find("\"conn\""), std::string::npos);
    }
}

TEST(ScanSession, a_short_end_is_an_error) {
    Scan scan(TypeId::kInt8, welcome() + int8_block({1, 2}) + end(3));
    const Error error = scan.fail();
    EXPECT_STREQ(sqlstate_of(error), "08P01");
    EXPECT_EQ(error.detail, "It announced 3 rows and sent 2.");
}

TEST(ScanSession, an_end_of_another_number_of_parts_is_an_error) {
    const ColumnSpec column{"value", TypeId::kInt8, 0};
    RequestSpec request = Scan::request_of_table();
    request.columns = {&column, 1};
    request.part = 1;
    request.part_count = 4;
    Scan good(request, welcome() + int8_block({1}) + end_of_part(1, 4));
    EXPECT_EQ(good.integers(), std::vector<std::int64_t>{1});
    EXPECT_EQ(good.next(), Event::kEnd);
    for (const std::uint32_t count : {0U, 1U, 5U}) { // 0: a plugin that does not know parts
        Scan scan(request, welcome() + int8_block({1}) + end_of_part(1, count));
        const Error error = scan.fail();
        EXPECT_STREQ(sqlstate_of(error), "08P01");
        EXPECT_EQ(error.message, "plugin did not send the part that was asked");
    }
}

TEST(ScanSession, groups_without_keys_are_one_row) {
    const AggregateSpec count{AggregateFunction::kCount, "", TypeId::kInt8, TypeId::kInt8, 0, {}};
    RequestSpec request = Scan::request_of_table();
    request.is_grouped = true;
    request.aggregates = {&count, 1};
    Scan good(request, welcome() + int8_block({7}) + end(1));
    EXPECT_EQ(good.integers(), std::vector<std::int64_t>{7});
    EXPECT_EQ(good.next(), Event::kEnd);
    for (const std::string& stream :
         {welcome() + end(0), welcome() + int8_block({7, 8}) + end(2)}) {
        Scan scan(request, stream);
        const Error error = scan.fail();
        EXPECT_STREQ(sqlstate_of(error), "08P01");
        EXPECT_EQ(error.message, "plugin's result is not one group");
    }
}

TEST(ScanSession, passes_on_the_plugins_error_whole) {
    Error sent = Error::make(ErrorKind::kRemote, "the source is tired", "A detail.", "A hint.");
    sent.sqlstate = "53300";
    Scan scan(TypeId::kInt8, welcome() + int8_block({1}) + test::error(sent));
    const Error error = scan.fail();
    EXPECT_EQ(error.message, "the source is tired");
    EXPECT_EQ(error.detail, "A detail.");
    EXPECT_EQ(error.hint, "A hint.");
    EXPECT_STREQ(sqlstate_of(error), "53300");
}

TEST(ScanSession, shows_an_error_that_comes_before_the_welcome) {
    Scan scan(TypeId::kInt8, test::error(Error::make(ErrorKind::kPermission, "go away")));
    EXPECT_EQ(scan.fail().message, "go away");
}

TEST(ScanSession, does_not_let_a_plugin_raise_success_as_an_error) {
    for (const char* sqlstate : {"00000", "01000", "02000", "abc", "57!14", "toolong"}) {
        Error sent = Error::make(ErrorKind::kRemote, "odd");
        sent.sqlstate = sqlstate;
        Scan scan(TypeId::kInt8, welcome() + test::error(sent));
        EXPECT_STREQ(sqlstate_of(scan.fail()), "HV000") << sqlstate;
    }
}

TEST(ScanSession, makes_an_error_text_printable) {
    Scan scan(TypeId::kInt8, welcome() + test::error(Error::make(ErrorKind::kRemote,
                                                                 std::string("a\0b\x1b[31m", 8))));
    EXPECT_EQ(scan.fail().message, "a?b?[31m");
}

TEST(ScanSession, refuses_peers_of_another_kind_or_version) {
    EXPECT_EQ(Scan(TypeId::kInt8, welcome(kProtocolVersion, 42)).fail().kind, ErrorKind::kProtocol);
    EXPECT_EQ(Scan(TypeId::kInt8, welcome(kProtocolVersion + 1)).fail().kind, ErrorKind::kProtocol);
    EXPECT_EQ(Scan(TypeId::kInt8, "HTTP/1.1 400 Bad Request\r\n\r\n").fail().kind,
              ErrorKind::kProtocol);
    EXPECT_EQ(Scan(TypeId::kInt8, int8_block({1})).fail().kind, ErrorKind::kProtocol);
}

TEST(ScanSession, refuses_a_block_of_other_columns) {
    EXPECT_EQ(Scan(TypeId::kInt8, welcome() + text_block({"x"}) + end(1)).fail().kind,
              ErrorKind::kProtocol);
}

TEST(ScanSession, refuses_invalid_text_with_its_row) {
    Scan scan(TypeId::kText, welcome() + text_block({"fine"}) + text_block({"fine", "bad\xFF"}));
    const Error error = scan.fail();
    EXPECT_STREQ(sqlstate_of(error), "22021");
    EXPECT_NE(error.message.find("\"value\""), std::string::npos);
    EXPECT_NE(error.detail.find("row 3"), std::string::npos) << error.detail;
}

TEST(ScanSession, refuses_a_bool_that_is_neither) {
    std::vector<ColumnBuilder> columns;
    columns.emplace_back(TypeId::kBool);
    columns[0].append_fixed(std::uint8_t{2});
    Scan scan(TypeId::kBool, welcome() + test::block(columns, 1) + end(1));
    EXPECT_STREQ(sqlstate_of(scan.fail()), "22008");
}

TEST(ScanSession, refuses_a_second_stream_after_the_end) {
    Scan scan(TypeId::kInt8, welcome() + int8_block({1}) + welcome());
    EXPECT_EQ(scan.fail().kind, ErrorKind::kProtocol);
}

TEST(ScanSession, rewinds_a_result_of_one_block) {
    Scan scan(TypeId::kInt8, welcome() + int8_block({1, 2}) + end(2));
    EXPECT_FALSE(scan.session.can_rewind());
    EXPECT_EQ(scan.integers(), (std::vector<std::int64_t>{1, 2}));
    ASSERT_TRUE(scan.session.can_rewind());
    scan.session.rewind();
    EXPECT_EQ(scan.integers(), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(scan.session.rows_total(), 2U);
}

TEST(ScanSession, does_not_rewind_a_result_of_two_blocks) {
    Scan scan(TypeId::kInt8, welcome() + int8_block({1}) + int8_block({2}) + end(2));
    EXPECT_EQ(scan.integers().size(), 2U);
    EXPECT_FALSE(scan.session.can_rewind());
}

TEST(ScanSession, counts_rows_without_columns) {
    ScanSession session;
    RequestSpec request = {};
    request.connection = "conn";
    request.table = "tab";
    request.user_name = "me";
    ASSERT_TRUE(session.open(request));
    const std::string stream = welcome() + test::block({}, 1000) + end(1000);
    std::size_t at = 0;
    Event event = Event::kNeedBytes;
    int rows = 0;
    while (event != Event::kEnd) {
        event = session.next_row(nullptr, nullptr);
        rows += event == Event::kRow ? 1 : 0;
        if (event == Event::kNeedBytes) {
            const std::span<std::byte> want = session.want();
            const std::size_t bytes = std::min(want.size(), stream.size() - at);
            std::memcpy(want.data(), stream.data() + at, bytes);
            at += bytes;
            ASSERT_NE(session.received(bytes), Event::kError);
        }
    }
    EXPECT_EQ(rows, 1000);
}

TEST(ScanSession, keeps_warnings_of_the_end) {
    Scan scan(TypeId::kInt8, welcome() + end(0, {"3 rows were skipped"}));
    EXPECT_EQ(scan.next(), Event::kEnd);
    EXPECT_EQ(scan.session.warnings(), std::vector<std::string>{"3 rows were skipped"});
}

} // namespace
} // namespace penstock::core
