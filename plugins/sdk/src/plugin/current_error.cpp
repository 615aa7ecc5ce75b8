#include "current_error.hpp"

#include <cerrno>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

namespace penstock {

Error current_error() {
    try {
        throw;
    } catch (const Exception& exception) {
        return exception.error();
    } catch (const std::bad_alloc&) {
        return Error::make(ErrorKind::kLimit, "plugin is out of memory");
    } catch (const std::length_error& exception) {
        return Error::make(ErrorKind::kLimit, exception.what());
    } catch (const std::exception& exception) {
        return Error::make(ErrorKind::kInternal, "plugin failed", exception.what());
    } catch (...) {
        return Error::make(ErrorKind::kInternal, "plugin failed with an unknown exception");
    }
}

Error system_error(const char* what) {
    const int number = errno;
    return Error::make(ErrorKind::kUnavailable, "could not " + std::string(what) + ": " +
                                                    std::generic_category().message(number));
}

} // namespace penstock
