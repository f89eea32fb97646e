#pragma once
/// \file
/// Keeps passwords out of logs and files.

#include <string>
#include <string_view>

namespace comap {

/// A database URL or connection text with every password replaced by ****: the part behind "user:" and the values of
/// `password=` and `sslpassword=`. Any other text comes back as it is.
std::string mask_credentials(std::string_view text);

}  // namespace comap
