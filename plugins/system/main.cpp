#include "system/plugin.hpp"

int main(int argc, char** argv) {
    penstock::system::SystemPlugin plugin;
    return penstock::serve(plugin, argc, argv);
}
