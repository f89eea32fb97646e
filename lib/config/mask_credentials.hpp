#pragma once
/// \file
/// Keeps passwords out of logs and files.

#include <string>
#include <string_view>

namespace comap {

/// A database URL or connection text with every password replaced by ****: the part behind "user:" and the values of
/// `password=` and `sslpassword=`. Any other text comes back as it is.
std::string mask_credentials(std::string_view text);

/// A command line with what may be secret in it replaced by ****: the values of options and variables whose names say
/// so
/// (--password, SSHPASS=, token ...), sshpass -p, curl -u, headers of authorization, and passwords in URLs.
std::string mask_command(std::string_view command);

}  // namespace comap
