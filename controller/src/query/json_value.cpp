#include "query/json_value.hpp"

#include "query/session.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <optional>

namespace penstock::query {
namespace {

struct KindOfName {
    const char* name;
    JsonKind kind;
};
constexpr std::array kKinds{
    KindOfName{"smallint", JsonKind::kNumber},
    KindOfName{"integer", JsonKind::kNumber},
    KindOfName{"bigint", JsonKind::kNumber},
    KindOfName{"oid", JsonKind::kNumber},
    KindOfName{"real", JsonKind::kNumber},
    KindOfName{"numeric", JsonKind::kNumber},
    KindOfName{"double precision", JsonKind::kNumber},
    KindOfName{"boolean", JsonKind::kBool},
    KindOfName{"json", JsonKind::kJson},
    KindOfName{"jsonb", JsonKind::kJson},
};

// int2vector and oidvector call themselves arrays but are not written as such. Row types and their
// arrays are left out: there are two for each table.
constexpr const char* kTypesQuery =
    "select oid, pg_catalog.format_type(oid, null), typdelim, "
    "  case when typcategory = 'A' and oid not in (22, 30) then typelem else 0 end, typbasetype "
    "from pg_catalog.pg_type t where typtype <> 'c' and not exists "
    "  (select from pg_catalog.pg_type e where e.oid = t.typelem and e.typtype = 'c')";

JsonKind kind_of(const std::string& name) {
    for (const KindOfName& known : kKinds) {
        if (name == known.name) {
            return known.kind;
        }
    }
    return JsonKind::kText;
}

std::uint32_t to_oid(const char* text) {
    std::uint32_t oid = 0;
    std::from_chars(text, text + std::char_traits<char>::length(text), oid);
    return oid;
}

/// PostgreSQL's numbers are JSON's, but for NaN and the infinities.
bool is_number(std::string_view text) {
    return !text.empty() && text.back() >= '0' && text.back() <= '9';
}

/// On one line, so that a row stays on one: json keeps the line breaks that it was given. They are
/// never in its strings, which have \n for them.
void append_document(std::string& out, std::string_view text) {
    for (const char letter : text) {
        out += letter == '\n' || letter == '\r' ? ' ' : letter;
    }
}

/// Reads `{1,"two, three",NULL,{4}}` and writes JSON.
class ArrayReader {
  public:
    ArrayReader(std::string_view text, const TypeName& type, const TypeNames& types)
        : text_(text), type_(type), element_(types.find(type.element_type)), types_(types) {}

    /// nullopt: not the form that we know.
    std::optional<std::string> read() {
        if (text_.empty() || text_.front() != '{') {
            return std::nullopt;
        }
        while (position_ < text_.size()) {
            take();
        }
        return std::move(out_);
    }

  private:
    void take() {
        const char letter = text_[position_];
        if (letter == '{' || letter == '}') {
            out_ += letter == '{' ? '[' : ']';
            ++position_;
        } else if (letter == type_.delimiter) {
            out_ += ',';
            ++position_;
        } else if (letter == '"') {
            ++position_;
            append_json_value(out_, quoted(), element_, types_);
        } else {
            take_bare();
        }
    }

    void take_bare() {
        const std::size_t start = position_;
        while (position_ < text_.size() && text_[position_] != type_.delimiter &&
               text_[position_] != '}') {
            ++position_;
        }
        const std::string_view bare = text_.substr(start, position_ - start);
        if (bare == "NULL") {
            out_ += "null";
        } else {
            append_json_value(out_, bare, element_, types_);
        }
    }

    std::string quoted() {
        std::string value;
        while (position_ < text_.size() && text_[position_] != '"') {
            position_ += text_[position_] == '\\' ? 1 : 0;
            value += text_[position_++];
        }
        ++position_;
        return value;
    }

    std::string_view text_;
    const TypeName& type_;
    TypeName element_;
    const TypeNames& types_;
    std::size_t position_ = 0;
    std::string out_;
};

} // namespace

TypeNames TypeNames::load(Session& session) {
    const ResultPointer result = session.run(kTypesQuery);
    std::map<std::uint32_t, TypeName> types;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        const auto text = [&](int column) { return PQgetvalue(result.get(), row, column); };
        TypeName type{text(1), kind_of(text(1)), to_oid(text(3)), *text(2), to_oid(text(4))};
        if (type.element_type != 0) {
            type.kind = JsonKind::kArray;
        }
        types.emplace(to_oid(text(0)), std::move(type));
    }
    return TypeNames(std::move(types));
}

TypeName TypeNames::find(std::uint32_t type) const {
    const auto found = types_.find(type);
    if (found == types_.end()) {
        return {"oid " + std::to_string(type)};
    }
    if (found->second.base_type == 0) {
        return found->second;
    }
    TypeName domain = find(found->second.base_type);
    domain.name = found->second.name;
    return domain;
}

void append_json_text(std::string& out, std::string_view text) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += '"';
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            out += '\\';
            out += letter;
        } else if (letter == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kDigits[byte >> 4];
            out += kDigits[byte & 15];
        } else {
            out += letter;
        }
    }
    out += '"';
}

void append_json_value(std::string& out, std::string_view text, const TypeName& type,
                       const TypeNames& types) {
    if (type.kind == JsonKind::kBool) {
        out += text == "t" ? "true" : "false";
    } else if (type.kind == JsonKind::kJson) {
        append_document(out, text);
    } else if (type.kind == JsonKind::kNumber && is_number(text)) {
        out += text;
    } else if (type.kind == JsonKind::kArray) {
        const std::optional<std::string> array = ArrayReader(text, type, types).read();
        if (array) {
            out += *array;
        } else {
            append_json_text(out, text);
        }
    } else {
        append_json_text(out, text);
    }
}

} // namespace penstock::query
