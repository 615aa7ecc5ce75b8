#include "query/names.hpp"

namespace penstock::query {
namespace {

bool is_letter(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return code >= 0x80 || byte == '_' || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

bool is_space(char byte) {
    return std::string_view(" \t\r\n\f\v").find(byte) != std::string_view::npos;
}

/// As the server's downcase_identifier() for UTF-8: only ASCII letters have a lower case.
std::string folded(std::string_view text) {
    std::string name(text);
    for (char& byte : name) {
        byte = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    }
    return name;
}

struct Token {
    enum class Kind : unsigned char { kName, kText, kDot, kOther, kEnd };
    Kind kind = Kind::kEnd;
    std::string text; ///< of a name or a string constant
    std::size_t offset = 0;
};

/// Cuts SQL into tokens, coarsely: what is no name, string or dot is one "other" for each byte.
class Lexer {
  public:
    explicit Lexer(std::string_view sql) : sql_(sql) {}

    Token next() {
        const bool is_closed = skip_blanks();
        Token token;
        token.offset = at_;
        if (at_ >= sql_.size()) {
            token.kind = is_closed ? Token::Kind::kEnd : Token::Kind::kOther;
            return token;
        }
        const char first = sql_[at_];
        if (first == '"') {
            token.kind = Token::Kind::kName;
            token.text = quoted('"', false);
        } else if (first == '\'') {
            token.kind = Token::Kind::kText;
            token.text = quoted('\'', false);
        } else if (is_letter(first)) {
            word(token);
        } else if (first == '$') {
            dollar(token);
        } else if (is_digit(first)) {
            token.kind = Token::Kind::kOther;
            number();
        } else {
            token.kind = first == '.' ? Token::Kind::kDot : Token::Kind::kOther;
            ++at_;
        }
        return token;
    }

  private:
    [[nodiscard]] bool is_here(std::string_view text) const {
        return sql_.substr(at_, text.size()) == text;
    }

    /// False when the text ends in a comment that is not closed.
    bool skip_blanks() {
        while (at_ < sql_.size()) {
            if (is_space(sql_[at_])) {
                ++at_;
            } else if (is_here("--")) {
                at_ = std::min(sql_.find_first_of("\n\r", at_), sql_.size());
            } else if (!is_here("/*")) {
                return true;
            } else if (!skip_comment()) {
                return false;
            }
        }
        return true;
    }

    bool skip_comment() {
        int depth = 0;
        do {
            if (is_here("/*")) {
                ++depth;
                at_ += 2;
            } else if (is_here("*/")) {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0 && at_ < sql_.size());
        return depth == 0;
    }

    /// From a quote to the one that ends it; a doubled one stands for itself.
    std::string quoted(char quote, bool has_backslashes) {
        std::string text;
        for (++at_; at_ < sql_.size(); ++at_) {
            if (has_backslashes && sql_[at_] == '\\') {
                ++at_;
            } else if (sql_[at_] == quote) {
                ++at_;
                if (at_ >= sql_.size() || sql_[at_] != quote) {
                    break;
                }
            }
            text += at_ < sql_.size() ? sql_.substr(at_, 1) : "";
        }
        return text;
    }

    void word(Token& token) {
        const bool has_backslashes = is_here("E'") || is_here("e'");
        if (has_backslashes || is_here("B'") || is_here("b'") || is_here("X'") || is_here("x'") ||
            is_here("N'") || is_here("n'")) {
            ++at_;
            token.kind = Token::Kind::kText;
            token.text = quoted('\'', has_backslashes);
            return;
        }
        const std::size_t start = at_;
        while (at_ < sql_.size() && (is_letter(sql_[at_]) || is_digit(sql_[at_]) || is_here("$"))) {
            ++at_;
        }
        token.kind = Token::Kind::kName;
        token.text = folded(sql_.substr(start, at_ - start));
    }

    /// $tag$ … $tag$, or a parameter such as $1.
    void dollar(Token& token) {
        token.kind = Token::Kind::kOther;
        std::size_t end = at_ + 1;
        while (end < sql_.size() &&
               (is_letter(sql_[end]) || (is_digit(sql_[end]) && end > at_ + 1))) {
            ++end;
        }
        if (end >= sql_.size() || sql_[end] != '$') {
            ++at_;
            return;
        }
        const std::string_view tag = sql_.substr(at_, end + 1 - at_);
        const std::size_t close = sql_.find(tag, end + 1);
        token.kind = Token::Kind::kText;
        token.text = sql_.substr(end + 1, std::min(close, sql_.size()) - end - 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
    }

    void number() {
        while (at_ < sql_.size() && (is_digit(sql_[at_]) || is_letter(sql_[at_]) || is_here("."))) {
            ++at_;
        }
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

/// Counts characters between the names, so that a long text is walked once.
class CharacterCount {
  public:
    explicit CharacterCount(std::string_view sql) : sql_(sql) {}
    std::size_t position_of(std::size_t offset) {
        for (; offset_ < offset; ++offset_) {
            count_ += (static_cast<unsigned char>(sql_[offset_]) & 0xC0) != 0x80 ? 1U : 0U;
        }
        return count_ + 1;
    }

  private:
    std::string_view sql_;
    std::size_t offset_ = 0;
    std::size_t count_ = 0;
};

std::size_t offset_of(std::string_view sql, std::size_t position) {
    std::size_t count = 0;
    for (std::size_t offset = 0; offset < sql.size(); ++offset) {
        count += (static_cast<unsigned char>(sql[offset]) & 0xC0) != 0x80 ? 1U : 0U;
        if (count == position) {
            return offset;
        }
    }
    return sql.size();
}

/// The name that begins with `token`, which becomes the token behind it.
Name take_name(Lexer& lexer, Token& token, std::size_t position) {
    Name name{{token.text}, position};
    token = lexer.next();
    while (token.kind == Token::Kind::kDot) {
        token = lexer.next();
        if (token.kind != Token::Kind::kName) {
            break;
        }
        name.parts.push_back(token.text);
        token = lexer.next();
    }
    return name;
}

} // namespace

std::vector<Name> names_in(std::string_view sql) {
    std::vector<Name> names;
    Lexer lexer(sql);
    CharacterCount characters(sql);
    Token token = lexer.next();
    while (token.kind != Token::Kind::kEnd) {
        if (token.kind != Token::Kind::kName) {
            token = lexer.next();
            continue;
        }
        const std::size_t position = characters.position_of(token.offset);
        names.push_back(take_name(lexer, token, position));
    }
    return names;
}

std::vector<Name> names_in_constants(std::string_view sql) {
    std::vector<Name> names;
    Lexer lexer(sql);
    for (Token token = lexer.next(); token.kind != Token::Kind::kEnd; token = lexer.next()) {
        if (token.kind == Token::Kind::kText) {
            if (const std::optional<Name> name = name_at(token.text, 1)) {
                names.push_back(*name);
            }
        }
    }
    return names;
}

bool is_blank(std::string_view sql) {
    return Lexer(sql).next().kind == Token::Kind::kEnd;
}

std::optional<Name> name_at(std::string_view sql, std::size_t position) {
    const std::string_view rest = sql.substr(offset_of(sql, position));
    Lexer lexer(rest);
    Token token = lexer.next();
    if (token.offset != 0) {
        return std::nullopt;
    }
    if (token.kind == Token::Kind::kText) {
        return name_at(token.text, 1);
    }
    if (token.kind != Token::Kind::kName) {
        return std::nullopt;
    }
    return take_name(lexer, token, position);
}

} // namespace penstock::query
