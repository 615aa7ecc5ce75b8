#include <pqxx/pqxx>

#include <cstdlib>
#include <exception>
#include <iostream>

/// Reads a table as a C++ program does: libpqxx, a prepared statement with a parameter, twice.
/// Arguments: the qualified table. The connection comes from libpq's environment.
/// Prints the number of rows; ends with 1 and the error on one, behind its SQLSTATE if the server
/// sent it.
int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: prepared_reader TABLE\n";
        return EXIT_FAILURE;
    }
    try {
        pqxx::connection connection;
        connection.prepare("read", std::string{"select count(*) from "} + argv[1] +
                                       " where column_2 is distinct from $1::int8");
        long rows = 0;
        for (const int parameter : {1, 2}) {
            pqxx::work work(connection);
            rows = work.exec_prepared1("read", parameter)[0].as<long>();
            work.commit();
        }
        std::cout << rows << '\n';
        return EXIT_SUCCESS;
    } catch (const pqxx::sql_error& error) {
        std::cerr << error.sqlstate() << ": " << error.what();
        return EXIT_FAILURE;
    } catch (const std::exception& error) {
        std::cerr << error.what();
        return EXIT_FAILURE;
    }
}
