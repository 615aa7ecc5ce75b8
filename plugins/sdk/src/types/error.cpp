#include "penstock/types/error.hpp"

#include <array>

namespace penstock {

namespace {

/// SQLSTATE by ErrorKind. Source: PostgreSQL's errcodes, class HV for foreign data.
constexpr std::array<const char*, 14> kSqlstates = {
    "XX000", // kInternal
    "HV00N", // kUnavailable: unable to establish connection
    "HV00R", // kNotFound: table not found
    "HV004", // kType: invalid data type
    "HV00D", // kOption: invalid option name
    "HV000", // kRemote: FDW error
    "42501", // kPermission: insufficient privilege
    "53000", // kLimit: insufficient resources
    "57014", // kCancelled: query canceled
    "08P01", // kProtocol: protocol violation
    "22000", // kData: data exception
    "HV005", // kNoColumn: column name not found
    "08006", // kConnection: connection failure
    "HV00L", // kKeyMissing: unable to create execution
};

} // namespace

const char* sqlstate_of(const Error& error) noexcept {
    if (error.sqlstate.size() == 5) {
        return error.sqlstate.c_str();
    }
    return kSqlstates[static_cast<std::size_t>(error.kind)];
}

ErrorKind error_kind_from_wire(std::uint32_t number) noexcept {
    return number < kSqlstates.size() ? static_cast<ErrorKind>(number) : ErrorKind::kInternal;
}

} // namespace penstock
