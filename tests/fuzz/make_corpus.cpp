/// Writes a small corpus for each target: one good input of every shape, which the fuzzer then
/// spoils. Usage: make_corpus FOLDER
#include "penstock/plugin/jsonb.hpp"
#include "penstock/protocol/block_builder.hpp"
#include "penstock/protocol/messages.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace penstock::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 11> kDocuments = {
    R"(null)",
    R"(-12.50e-3)",
    R"("text \"escaped\" \u00fc \ud83d\ude00")",
    R"([])",
    R"({})",
    R"([1, "two", true, false, null, [3.25], {"four": 4}])",
    R"({"b": 1, "a": {"c": [[], {}]}, "b": 1e400, "": 0})",
    R"({"id":"i-0abcd","cpu":4,"tags":{"env":"prod"},"ips":["10.0.0.12"],"spot":null})",
    R"({"a":true,"bb":null,"ccc":false})",
    R"([0,1,2,3,4,5,6,7,8,9,"a","b","c","d","e","f",0,1,2,3,4,5,6,7,8,9,"a","b","c","d","e","f","g"])",
    R"({"a0":0,"a1":0,"a2":0,"a3":0,"a4":0,"a5":0,"a6":0,"a7":0,"a8":0,"a9":0,"b0":[],"b1":"x","b2":{},"b3":0,"b4":0,"b5":0,"b6":0})",
};
constexpr std::array<std::string_view, 6> kNumbers = {"0",        "-1",       "12345.678900",
                                                      "1e131071", "1e-16383", "NaN"};

void write_file(const fs::path& path, std::string_view bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string_view as_text(const DataArea& area) {
    return {reinterpret_cast<const char*>(area.data()), area.size()};
}

std::uint32_t append_sample(DataArea& area, TypeId type) {
    const std::array<std::string, 3> texts = {"a", "", "bcde"};
    const std::array<std::int64_t, 2> numbers = {1, -2};
    switch (type) {
    case TypeId::kNumeric:
        return append_numeric(area, kNumbers[2]).take();
    case TypeId::kInet:
        return append_inet(area, parse_inet("2001:db8::1/64").take());
    case TypeId::kCidr:
        return append_inet(area, parse_inet("10.1.0.0/16").take());
    case TypeId::kJsonb:
        return append_jsonb(area, kDocuments[5]).take();
    case TypeId::kTextArray:
        return append_text_array(area, texts);
    case TypeId::kInt8Array:
        return append_int8_array(area, numbers);
    default:
        return append_text(area, "some text");
    }
}

void write_datum(const fs::path& folder, const std::string& name, TypeId type,
                 const DataArea& area) {
    const auto index = static_cast<char>(find_type(type) - all_types().data());
    write_file(folder / name, std::string(1, index).append(as_text(area)));
}

void write_datums(const fs::path& folder) {
    for (const TypeInfo& type : all_types()) {
        if (type.width == 0) {
            DataArea area;
            append_sample(area, type.id);
            write_datum(folder, "type_" + std::to_string(static_cast<int>(type.id)), type.id, area);
        }
    }
    for (std::size_t i = 0; i < kDocuments.size(); ++i) {
        DataArea area;
        (void)append_jsonb(area, kDocuments[i]).take();
        write_datum(folder, "jsonb_" + std::to_string(i), TypeId::kJsonb, area);
    }
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
        DataArea area;
        (void)append_numeric(area, kNumbers[i]).take();
        write_datum(folder, "numeric_" + std::to_string(i), TypeId::kNumeric, area);
    }
    DataArea area;
    append_text(area, std::string(200, 'x'));
    write_datum(folder, "long_text", TypeId::kText, area);
}

/// A fixed-width zero is in the range of every type.
void append_fixed_sample(ColumnBuilder& column, std::uint8_t width) {
    switch (width) {
    case 1:
        return column.append_fixed(std::uint8_t{1});
    case 2:
        return column.append_fixed(std::int16_t{2});
    case 4:
        return column.append_fixed(std::int32_t{4});
    case 8:
        return column.append_fixed(std::int64_t{8});
    default:
        return column.append_fixed(Uuid{});
    }
}

std::string block_frame(const std::vector<TypeId>& types, bool has_nulls) {
    std::vector<ColumnBuilder> columns;
    for (const TypeId type : types) {
        ColumnBuilder& column = columns.emplace_back(type);
        const std::uint8_t width = find_type(type)->width;
        for (int row = 0; row < 3; ++row) {
            if (has_nulls && row == 1) {
                column.append_null();
            } else if (width == 0) {
                column.append_offset(append_sample(column.data(), type));
            } else {
                append_fixed_sample(column, width);
            }
        }
    }
    std::vector<std::byte> frame;
    build_block_frame(columns, 3, frame);
    return {reinterpret_cast<const char*>(frame.data()), frame.size()};
}

void write_frames(const fs::path& folder) {
    std::vector<TypeId> all;
    std::string all_prefix(1, static_cast<char>(all_types().size()));
    for (std::size_t i = 0; i < all_types().size(); ++i) {
        const TypeId type = all_types()[i].id;
        all.push_back(type);
        all_prefix += static_cast<char>(i);
        const std::string prefix = {1, static_cast<char>(i)};
        write_file(folder / ("type_" + std::to_string(static_cast<int>(type))),
                   prefix + block_frame({type}, false));
    }
    write_file(folder / "all_types", all_prefix + block_frame(all, false));
    write_file(folder / "all_types_with_nulls", all_prefix + block_frame(all, true));
    write_file(folder / "no_columns", std::string(1, '\0') + block_frame({}, false));
    std::string two_frames = std::string(1, '\0') + block_frame({}, false);
    append_message_frame(FrameKind::kEnd, wire::End(), two_frames);
    write_file(folder / "block_and_end", two_frames);
}

template <typename Message>
void write_one_message(const fs::path& folder, char target, const Message& message) {
    write_file(folder / ("target_" + std::to_string(target)),
               std::string(1, target) + message.SerializeAsString());
}

void write_messages(const fs::path& folder) {
    wire::Value value;
    write_message(Value(std::vector<std::string>{"a", "b"}), TypeId::kTextArray, value);
    write_one_message(folder, 0, value);
    write_one_message(folder, 1, make_hello("corpus"));
    wire::ErrorMessage error;
    write_message(Error::make(ErrorKind::kData, "message", "Detail.", "Hint."), error);
    write_one_message(folder, 2, error);
    ScanRequest request;
    request.connection = "prod";
    request.table = "users";
    request.columns = {{"id", TypeId::kInt8}, {"name", TypeId::kText}};
    request.quals = {{"id", QualOp::kEq, TypeId::kInt8, {Value(std::int64_t{7})}, true}};
    wire::Scan scan;
    write_message(request, scan);
    write_one_message(folder, 4, scan);
}

} // namespace
} // namespace penstock::fuzz

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    penstock::fuzz::write_frames(folder / "frame");
    penstock::fuzz::write_datums(folder / "datum");
    penstock::fuzz::write_messages(folder / "messages");
    for (std::size_t i = 0; i < penstock::fuzz::kDocuments.size(); ++i) {
        penstock::fuzz::write_file(folder / "jsonb" / ("document_" + std::to_string(i)),
                                   penstock::fuzz::kDocuments[i]);
    }
    return 0;
}
