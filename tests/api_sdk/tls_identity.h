// A key and a certificate that it signed itself, made afresh.
#pragma once

#include <openssl/types.h>

#include <string>

namespace stepwell::sdk {

class TlsIdentity {
 public:
  // `subject` as in a certificate's subjectAltName: "IP:127.0.0.1". The certificate is written to
  // `file`, for those who are to trust it.
  TlsIdentity(const std::string& subject, std::string file);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  const std::string& file() const { return file_; }
  SSL_CTX* context() const { return context_; }

 private:
  std::string file_;
  SSL_CTX* context_ = nullptr;
};

}  // namespace stepwell::sdk
