// Signatures of ClamAV for tests: of files that harm nobody.
#pragma once

#include <string>
#include <vector>

#include "tests/support/scratch_folder.h"

namespace rebus {

// The test file of EICAR (eicar.org), which every engine knows.
std::string eicar();

inline constexpr const char* kClamFiles = "/usr/share/clamav-testfiles/";  // package clamav-testfiles
std::vector<std::string> clam_files();                                     // their paths

// Makes a folder of signatures: of eicar() as "Eicar-Test", and of the program in all of kClamFiles as
// "Clam-Test". As ClamAV names what is not its makers', ".UNOFFICIAL" stands behind both. Gives its path.
std::string make_signatures(const ScratchFolder& scratch, const std::string& name = "signatures");
// A line of an .ndb file: any file that begins with these bytes.
std::string signature_line(const std::string& name, const std::string& bytes);

}  // namespace rebus
