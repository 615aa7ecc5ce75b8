#pragma once

#include "support/source_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::testing {

/// One value as a server laid it out: a line of golden_datums.tsv.
struct GoldenDatum {
    std::string kind;
    std::string input;
    std::string content; ///< of the varlena, without its header
};

/// A field of COPY's text format.
inline std::string unescape_copy(const std::string& field) {
    constexpr std::string_view kEscapes = "tnrbfv";
    constexpr std::string_view kMeanings = "\t\n\r\b\f\v";
    std::string text;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] != '\\' || i + 1 == field.size()) {
            text += field[i];
            continue;
        }
        const std::size_t escape = kEscapes.find(field[++i]);
        text += escape == std::string::npos ? field[i] : kMeanings[escape];
    }
    return text;
}

inline std::string unhex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

/// All lines of `kind`. Throws when there are none: an empty comparison would pass.
inline std::vector<GoldenDatum> load_golden_datums(const std::string& kind) {
    const auto path = source_folder() / "tests/support/golden_datums.tsv";
    std::ifstream file(path);
    std::vector<GoldenDatum> datums;
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find('\t');
        const std::size_t second = line.find('\t', first + 1);
        if (second == std::string::npos) {
            throw std::runtime_error("malformed line in " + path.string());
        }
        if (line.compare(0, first, kind) == 0) {
            datums.push_back({kind, unescape_copy(line.substr(first + 1, second - first - 1)),
                              unhex(line.substr(second + 1))});
        }
    }
    if (datums.empty()) {
        throw std::runtime_error("no values of kind " + kind + " in " + path.string());
    }
    return datums;
}

} // namespace penstock::testing
