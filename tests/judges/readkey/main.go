// Readkey reads one RSA private key in PEM from standard input as Go's programs do, checks it, and prints what it is as
// JSON: {"type": …, "bits": …, "exponent": …, "public": …}, the last as PEM. It must print nothing of the private half.
package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

func parse(block *pem.Block) (*rsa.PrivateKey, error) {
	switch block.Type {
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if key, ok := key.(*rsa.PrivateKey); ok {
			return key, nil
		}
		return nil, errors.New("not an RSA key")
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("a block of type %q", block.Type)
}

func read() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	block, rest := pem.Decode(text)
	if block == nil || len(rest) != 0 {
		return errors.New("not exactly one PEM block")
	}
	key, err := parse(block)
	if err != nil {
		return err
	}
	if err := key.Validate(); err != nil {
		return err
	}
	if len(key.Primes) != 2 {
		return fmt.Errorf("%d primes", len(key.Primes))
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"type":     block.Type,
		"bits":     key.N.BitLen(),
		"exponent": key.E,
		"public":   string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
	})
}

func main() {
	if err := read(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
