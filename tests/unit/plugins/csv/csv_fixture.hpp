#pragma once

#include "csv/plugin.hpp"
#include "penstock/testing/scan.hpp"
#include "penstock/types/error.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>

namespace penstock::csv {

using Row = penstock::testing::Row;

/// A folder of its own for each test, and a plugin that reads it.
class CsvTest : public ::testing::Test {
  protected:
    CsvTest() {
        std::string pattern = ::testing::TempDir() + "/csv-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~CsvTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(folder_ / name, std::ios::binary) << content;
        return path(name);
    }

    static ConfigValue list(std::vector<std::string> texts) {
        ConfigValue::List values;
        for (std::string& text : texts) {
            values.push_back({std::move(text)});
        }
        return {std::move(values)};
    }
    static ConfigValue text(const char* value) { return {std::string(value)}; }

    /// All CSV files of the folder, with more arguments.
    penstock::testing::FakeHost host(Arguments more = {}) {
        more.try_emplace("paths", list({path("*")}));
        return {plugin_, std::move(more)};
    }

    /// What `action` throws.
    template <typename Action>
    static Error error_of(Action action) {
        try {
            action();
        } catch (const Exception& exception) {
            return exception.error();
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }

    /// "name type, name type".
    static std::string shape_of(const TableSchema& schema) {
        std::string text;
        for (const Column& column : schema.columns) {
            text += (text.empty() ? "" : ", ") + column.name + " ";
            text += find_type(column.type)->sql_name;
        }
        return text;
    }
    std::string shape(Arguments more = {}) {
        return shape_of(host(std::move(more)).describe().at(0));
    }

    static Value v(const char* text) { return std::string(text); }
    static Value v(int number) { return std::int64_t{number}; }
    static Value v(double number) { return number; }
    static Value null() { return std::monostate{}; }

    std::filesystem::path folder_;
    CsvPlugin plugin_;
};

} // namespace penstock::csv
