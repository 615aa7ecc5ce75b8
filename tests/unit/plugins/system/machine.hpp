#pragma once

#include "penstock/testing/scan.hpp"
#include "system/plugin.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The tables of the machine that runs the tests, with short ways to ask them.
namespace penstock::system {

class Machine {
  public:
    std::vector<testing::Row> scan(const std::string& table, std::vector<std::string> columns = {},
                                   std::vector<Qual> quals = {}) {
        return host_.scan(table, std::move(columns), std::move(quals));
    }
    std::uint64_t count(const std::string& table, std::vector<Qual> quals = {}) {
        return host_.count(table, std::move(quals));
    }
    std::vector<TableSchema> describe() { return host_.describe(); }

  private:
    SystemPlugin plugin_;
    testing::FakeHost host_{plugin_, {}};
};

inline Qual is_in(std::string column, TypeId type, std::vector<Value> values) {
    Qual qual;
    qual.column = std::move(column);
    qual.op = QualOp::kIn;
    qual.type = type;
    qual.values = std::move(values);
    qual.is_exact = true;
    return qual;
}

inline Qual is_equal(std::string column, TypeId type, Value value) {
    Qual qual = is_in(std::move(column), type, {std::move(value)});
    qual.op = QualOp::kEq;
    return qual;
}

inline Qual pid_is(std::int64_t pid) {
    return is_equal("pid", TypeId::kInt8, pid);
}
inline Qual text_is(std::string column, std::string value) {
    return is_equal(std::move(column), TypeId::kText, std::move(value));
}

inline std::int64_t integer(const Value& value) {
    return std::get<std::int64_t>(value);
}
inline const std::string& text(const Value& value) {
    return std::get<std::string>(value);
}

} // namespace penstock::system
