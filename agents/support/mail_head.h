// Whether a text is a mail, by the header fields that it begins with.
#pragma once

#include <string_view>

namespace rebus {

// Lines that are fields (RFC 5322, 2.2), of which enough are those of mails. libmagic 5.44 knows only mails
// that begin with one of few fields.
bool looks_like_mail(std::string_view head);

}  // namespace rebus
