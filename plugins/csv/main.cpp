#include "csv/plugin.hpp"

int main(int argc, char** argv) {
    penstock::csv::CsvPlugin plugin;
    return penstock::serve(plugin, argc, argv);
}
