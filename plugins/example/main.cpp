#include "plugin.hpp"

int main(int argc, char** argv) {
    example::ExamplePlugin plugin;
    return penstock::serve(plugin, argc, argv);
}
