#include "query/timing.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

namespace penstock::query {
namespace {

constexpr std::size_t kMaxLines = 20;

template <typename... Values>
std::string print(const char* form, Values... values) {
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), form, values...);
    return text.data();
}

std::string count_text(std::int64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::array kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        return count_text(bytes, "byte", "bytes");
    }
    double amount = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    while (amount >= 1000 && unit + 1 < kUnits.size()) {
        amount /= 1000;
        ++unit;
    }
    return print("%.1f %s", amount, kUnits[unit]);
}

std::string scan_line(const ScanFigures& scan) {
    std::string line = "  " + scan.table + ": " + count_text(scan.rows, "row", "rows") + ", " +
                       bytes_text(scan.bytes);
    if (scan.requests != 1) {
        line += ", " + count_text(scan.requests, "request", "requests");
    }
    if (scan.first_row_ms) {
        line += print(", first row after %.3f ms", *scan.first_row_ms);
    }
    line += print(", end after %.3f ms", scan.total_ms);
    line += scan.is_cache_hit ? ", from the cache" : "";
    return line + (scan.outcome.empty() ? "" : ", " + scan.outcome) + "\n";
}

std::string totals(const StatementFigures& figures) {
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    std::int64_t hits = 0;
    for (const ScanFigures& scan : figures.scans) {
        rows += scan.rows;
        bytes += scan.bytes;
        hits += scan.is_cache_hit ? 1 : 0;
    }
    const auto shown = static_cast<std::int64_t>(figures.scans.size());
    std::string text = " Scans: " + std::to_string(shown + figures.hidden_scans);
    text += figures.hidden_scans > 0
                ? " (" + std::to_string(figures.hidden_scans) + " of them not known)"
                : "";
    if (shown > 0) {
        text += ", " + count_text(hits, "cache hit", "cache hits") + ", " +
                count_text(rows, "row", "rows") + " received, " + bytes_text(bytes);
    }
    return text + ".\n";
}

} // namespace

std::string timing_text(const StatementFigures& figures) {
    std::string text = print("Time: %.3f ms. Rows: %" PRId64 ".", figures.total_ms, figures.rows);
    if (!figures.unknown.empty()) {
        return text + " Scans: not known, " + figures.unknown + ".\n";
    }
    text += totals(figures);
    std::vector<ScanFigures> scans = figures.scans;
    if (scans.size() > kMaxLines) {
        std::sort(scans.begin(), scans.end(), [](const ScanFigures& one, const ScanFigures& other) {
            return one.total_ms > other.total_ms;
        });
        scans.resize(kMaxLines);
        text += "The " + std::to_string(kMaxLines) + " slowest:\n";
    }
    for (const ScanFigures& scan : scans) {
        text += scan_line(scan);
    }
    return text;
}

} // namespace penstock::query
