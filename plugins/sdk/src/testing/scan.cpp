#include "penstock/testing/scan.hpp"

#include "check_quals.hpp"
#include "plugin/block_reader.hpp"
#include "plugin/run_join.hpp"
#include "plugin/run_scan.hpp"

#include "penstock/protocol/messages.hpp"

#include <algorithm>

namespace penstock::testing {

namespace {

const Column& column_of(const TableSchema& schema, const std::string& name) {
    const auto found = std::find_if(schema.columns.begin(), schema.columns.end(),
                                    [&](const Column& column) { return column.name == name; });
    if (found == schema.columns.end()) {
        throw Exception(ErrorKind::kNoColumn,
                        "column \"" + name + "\" of table \"" + schema.name + "\" does not exist");
    }
    return *found;
}

/// What a server with this catalog would send: types from the schema, exactness from the operators.
ScanRequest make_request(const TableSchema& schema, const std::vector<std::string>& columns,
                         std::vector<Qual> quals) {
    ScanRequest request;
    request.table = schema.name;
    for (const std::string& name : columns) {
        request.columns.push_back({name, column_of(schema, name).type});
    }
    for (Qual& qual : quals) {
        const Column& column = column_of(schema, qual.column);
        qual.type = column.type;
        qual.is_exact = column.exact.has(qual.op);
    }
    request.quals = std::move(quals);
    return request;
}

/// The request as it arrives behind the wire.
ScanRequest pass_over_wire(const ScanRequest& request) {
    wire::Scan sent;
    write_message(request, sent);
    wire::Scan received;
    if (!received.ParseFromString(sent.SerializeAsString())) {
        throw Exception(ErrorKind::kProtocol, "request does not survive the wire");
    }
    return read_message(received).take();
}

void check_row(const Row& row, const ScanRequest& request) {
    for (const Qual& qual : request.quals) {
        const auto column =
            std::find_if(request.columns.begin(), request.columns.end(),
                         [&](const RequestedColumn& entry) { return entry.name == qual.column; });
        const auto index = static_cast<std::size_t>(column - request.columns.begin());
        if (qual.is_exact && !satisfies(row[index], qual)) {
            throw Exception(ErrorKind::kInternal,
                            "condition \"" + qual.column + ' ' + std::string(sign_of(qual.op)) +
                                "\" of table \"" + request.table + "\" is not exact");
        }
    }
}

} // namespace

FakeHost::FakeHost(Plugin& plugin, Arguments arguments, std::string connection) {
    check_arguments(plugin.info().arguments, arguments).take();
    connection_ =
        plugin.connect(ConnectionConfig(std::move(connection), std::move(arguments)), *this);
}

std::vector<TableSchema> FakeHost::describe() {
    std::vector<TableSchema> schemas;
    for (const std::shared_ptr<Table>& table : connection_->tables()) {
        check_schema(table->schema()).take();
        schemas.push_back(table->schema());
    }
    return schemas;
}

std::vector<Row> FakeHost::scan(const std::string& table, std::vector<std::string> columns,
                                std::vector<Qual> quals) {
    const std::shared_ptr<Table> found = find(table);
    if (columns.empty()) {
        for (const Column& column : found->schema().columns) {
            columns.push_back(column.name);
        }
    }
    // Behind the wanted columns those that the conditions are on, to check them.
    const std::size_t wanted = columns.size();
    for (const Qual& qual : quals) {
        if (std::find(columns.begin(), columns.end(), qual.column) == columns.end()) {
            columns.push_back(qual.column);
        }
    }
    const ScanRequest request =
        pass_over_wire(make_request(found->schema(), columns, std::move(quals)));
    std::vector<Row> rows;
    BlockReader reader(request.columns, [&](Row row) {
        check_row(row, request);
        row.resize(wanted);
        rows.push_back(std::move(row));
    });
    warnings_ = run_scan(*found, request, reader).warnings;
    return rows;
}

std::uint64_t FakeHost::count(const std::string& table, std::vector<Qual> quals) {
    const std::shared_ptr<Table> found = find(table);
    const ScanRequest request = pass_over_wire(make_request(found->schema(), {}, std::move(quals)));
    BlockReader reader({}, [](const Row&) {});
    warnings_ = run_scan(*found, request, reader).warnings;
    return reader.row_count();
}

std::vector<Row> FakeHost::join(Join join) {
    std::vector<std::shared_ptr<Table>> tables;
    for (JoinSource& source : join.sources) {
        tables.push_back(find(source.table));
        for (Qual& qual : source.quals) {
            qual.is_exact = true;
        }
    }
    ScanRequest request;
    request.join = std::move(join);
    request = pass_over_wire(request);
    std::vector<Row> rows;
    BlockReader reader(request.columns, [&](Row row) { rows.push_back(std::move(row)); });
    warnings_ = run_join(*connection_, tables, std::move(request), reader).warnings;
    return rows;
}

void FakeHost::announce_schema_change() {
    ++announcements_;
}

std::shared_ptr<Table> FakeHost::find(const std::string& table) {
    for (const std::shared_ptr<Table>& entry : connection_->tables()) {
        if (entry->schema().name == table) {
            return entry;
        }
    }
    throw Exception(ErrorKind::kNotFound, "no table \"" + table + '"');
}

} // namespace penstock::testing
