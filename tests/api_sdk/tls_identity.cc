#include "tests/api_sdk/tls_identity.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "schema/check.h"

namespace stepwell::sdk {
namespace {

constexpr long kDay = 24L * 3600;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(FILE* file) const { std::fclose(file); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

Owned<X509> self_signed(EVP_PKEY* key, const std::string& subject) {
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>("Stepwell's tests");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const Owned<X509_EXTENSION> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject.c_str()));
  CHECK_INVARIANT(names != nullptr, "not a subjectAltName");
  X509_add_ext(certificate.get(), names.get(), -1);
  CHECK_INVARIANT(X509_sign(certificate.get(), key, EVP_sha256()) != 0);
  return certificate;
}

}  // namespace

TlsIdentity::TlsIdentity(const std::string& subject, std::string file) : file_(std::move(file)) {
  std::signal(SIGPIPE, SIG_IGN);  // libssl writes to connections that are gone
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  CHECK_INVARIANT(key != nullptr, "libssl makes no key");
  const Owned<X509> certificate = self_signed(key.get(), subject);
  context_ = SSL_CTX_new(TLS_server_method());
  CHECK_INVARIANT(SSL_CTX_use_certificate(context_, certificate.get()) == 1);
  CHECK_INVARIANT(SSL_CTX_use_PrivateKey(context_, key.get()) == 1);
  const Owned<FILE> out(std::fopen(file_.c_str(), "w"));
  CHECK_INVARIANT(out != nullptr && PEM_write_X509(out.get(), certificate.get()) == 1);
}

TlsIdentity::~TlsIdentity() {
  SSL_CTX_free(context_);
  std::remove(file_.c_str());
}

}  // namespace stepwell::sdk
