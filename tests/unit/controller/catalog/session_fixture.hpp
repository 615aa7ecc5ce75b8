#pragma once

#include "catalog/catalog.hpp"
#include "unit/controller/catalog/offers.hpp"
#include "unit/controller/catalog/temporary_server.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace penstock::test {

/// A leader and one session of it, with the server of the "csv" instance.
class SessionTest : public CatalogTest {
  protected:
    void SetUp() override {
        CatalogTest::SetUp();
        leader_ = std::make_unique<catalog::Leader>(owner());
        session_ = std::make_unique<catalog::Session>(owner(), leader_->epoch());
        session().ensure_servers({{"csv", "csv", "/run/csv.sock", 1000}});
    }

    void TearDown() override {
        session_.reset();
        leader_.reset();
        CatalogTest::TearDown();
    }

    [[nodiscard]] catalog::Target owner() const { return {target("penstock_owner")}; }
    catalog::Session& session() { return *session_; }
    catalog::Leader& leader() { return *leader_; }

    /// The connection, ready with `tables`.
    void import(const std::string& name, const std::vector<TableSchema>& tables) {
        session().create_connections({make_desired(name)});
        apply(name, tables);
    }

    void apply(const std::string& name, const std::vector<TableSchema>& tables) {
        session().change_states({{.connection = name, .to = reconcile::State::kUpdating}});
        session().apply_schema(make_desired(name), tables, true);
    }

    std::string state_of(const std::string& name) {
        return value("select state from penstock.connection_state where connection_name = " +
                     admin().quote(name));
    }

    std::string error_text_of(const std::string& name) {
        return value("select error from penstock.connection_state where connection_name = " +
                     admin().quote(name));
    }

    /// "a:text b:integer" of a table, in the order of its columns; "<null>" when it is not there.
    std::string columns_of(const std::string& schema, const std::string& table) {
        return value("select string_agg(attname || ':' || format_type(atttypid, atttypmod), ' ' "
                     "order by attnum) from pg_attribute where attnum > 0 and not attisdropped and "
                     "attrelid = to_regclass(" +
                     admin().quote(admin().quote_name(schema) + "." + admin().quote_name(table)) +
                     ")");
    }

    static std::optional<Error> error_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const Exception& exception) {
            return exception.error();
        }
        return std::nullopt;
    }

  private:
    std::unique_ptr<catalog::Leader> leader_;
    std::unique_ptr<catalog::Session> session_;
};

} // namespace penstock::test
