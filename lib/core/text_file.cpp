#include "core/text_file.hpp"

#include <fstream>

#include "core/error.hpp"
#include "core/final_name.hpp"

namespace comap {

void write_text_file(const std::string& path, const std::string& text) {
  PartialFile partial(path);
  std::ofstream file(partial.name(), std::ios::binary);
  file << text;
  file.close();
  if (!file) throw IoError(path + ": cannot be written; is the disk full or the directory not writable?");
  partial.publish(Rival::is_replaced);
}

}  // namespace comap
