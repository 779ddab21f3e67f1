// Calls a daemon as a team that writes Go would: generated stubs, mTLS, the standard library's
// Ed25519. Prints what it saw as one JSON object; the tests judge it.
//
// Usage: client TARGET CA CERTIFICATE PRIVATE-KEY KEY MESSAGE
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	older "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	signward "signward.internal/gen/go/signward/v1"
)

const patience = 20 * time.Second

// refusal is an error as a caller reads it.
type refusal struct {
	Code   string   `json:"code"`
	Domain string   `json:"domain"`
	Reason string   `json:"reason"`
	Fields []string `json:"fields"`
}

type report struct {
	Fingerprint     []byte             `json:"fingerprint"`
	Unary           bool               `json:"unary"`
	Batch           []bool             `json:"batch"`
	Stream          map[uint64]bool    `json:"stream"`
	Forged          bool               `json:"forged"`
	Refusals        map[string]refusal `json:"refusals"`
	Services        []string           `json:"services"`
	ServicesV1Alpha []string           `json:"services_v1alpha"`
}

func main() {
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: client TARGET CA CERTIFICATE PRIVATE-KEY KEY MESSAGE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:5], os.Args[5], []byte(os.Args[6])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(target string, files []string, key string, message []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	connection, err := connect(target, files)
	if err != nil {
		return err
	}
	defer connection.Close()

	seen := report{Stream: map[uint64]bool{}, Refusals: map[string]refusal{}}
	keys, signer := signward.NewKeyServiceClient(connection), signward.NewSignServiceClient(connection)
	public, err := publicKey(ctx, keys, key, &seen)
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return unary(ctx, signer, public, key, message, &seen) },
		func() error { return batch(ctx, signer, public, key, message, &seen) },
		func() error { return stream(ctx, signer, public, key, message, &seen) },
		func() error { return reflect(ctx, connection, &seen) },
		func() error { return reflectV1Alpha(ctx, connection, &seen) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	_, err = signer.Sign(ctx, request("no-such-key", message))
	seen.Refusals["unary"] = read(err)
	_, err = keys.CreateKey(ctx, &signward.CreateKeyRequest{KeyId: "Upper Case"})
	seen.Refusals["fields"] = read(err)
	return json.NewEncoder(os.Stdout).Encode(seen)
}

// connect opens a channel with mTLS; the daemon's certificate names localhost.
func connect(target string, files []string) (*grpc.ClientConn, error) {
	authority, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(files[1], files[2])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("the CA file holds no certificate")
	}
	transport := credentials.NewTLS(&tls.Config{
		RootCAs: roots, Certificates: []tls.Certificate{pair}, ServerName: "localhost",
	})
	return grpc.NewClient(target, grpc.WithTransportCredentials(transport))
}

func publicKey(ctx context.Context, keys signward.KeyServiceClient, key string, seen *report) (ed25519.PublicKey, error) {
	answer, err := keys.GetPublicKey(ctx, &signward.GetPublicKeyRequest{KeyId: key})
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(answer.PublicKey.SpkiDer)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok || string(public) != string(answer.PublicKey.Raw) {
		return nil, errors.New("spki_der and raw are not the same Ed25519 key")
	}
	seen.Fingerprint = answer.PublicKey.Fingerprint
	return public, nil
}

func request(key string, message []byte) *signward.SignRequest {
	return &signward.SignRequest{
		Key:     key,
		Payload: &signward.SignRequest_Raw{Raw: &signward.RawMessage{Message: message}},
	}
}

func unary(ctx context.Context, signer signward.SignServiceClient, public ed25519.PublicKey, key string, message []byte, seen *report) error {
	answer, err := signer.Sign(ctx, request(key, message))
	if err != nil {
		return err
	}
	signature := answer.GetRaw().GetSignature()
	seen.Unary = ed25519.Verify(public, message, signature)
	seen.Forged = ed25519.Verify(public, append([]byte("not "), message...), signature)
	return nil
}

// batch asks for two signatures with an impossible item between them.
func batch(ctx context.Context, signer signward.SignServiceClient, public ed25519.PublicKey, key string, message []byte, seen *report) error {
	answer, err := signer.SignBatch(ctx, &signward.SignBatchRequest{
		Requests: []*signward.SignRequest{request(key, message), request("no-such-key", message), request(key, message)},
	})
	if err != nil {
		return err
	}
	for _, result := range answer.Results {
		if failure := result.GetError(); failure != nil {
			seen.Refusals["batch"] = read(status.ErrorProto(failure))
		}
		signature := result.GetResponse().GetRaw().GetSignature()
		seen.Batch = append(seen.Batch, ed25519.Verify(public, message, signature))
	}
	return nil
}

// stream does the same over a stream; answers come by id.
func stream(ctx context.Context, signer signward.SignServiceClient, public ed25519.PublicKey, key string, message []byte, seen *report) error {
	call, err := signer.SignStream(ctx)
	if err != nil {
		return err
	}
	names := []string{key, "no-such-key", key}
	for number, name := range names {
		item := &signward.SignStreamRequest{Id: uint64(number + 1), Request: request(name, message)}
		if err := call.Send(item); err != nil {
			return err
		}
	}
	if err := call.CloseSend(); err != nil {
		return err
	}
	for range names {
		answer, err := call.Recv()
		if err != nil {
			return err
		}
		if failure := answer.GetError(); failure != nil {
			seen.Refusals["stream"] = read(status.ErrorProto(failure))
		}
		signature := answer.GetResponse().GetRaw().GetSignature()
		seen.Stream[answer.Id] = ed25519.Verify(public, message, signature)
	}
	return nil
}

func reflect(ctx context.Context, connection *grpc.ClientConn, seen *report) error {
	call, err := reflection.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	question := &reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_ListServices{},
	}
	if err := call.Send(question); err != nil {
		return err
	}
	answer, err := call.Recv()
	if err != nil {
		return err
	}
	for _, service := range answer.GetListServicesResponse().GetService() {
		seen.Services = append(seen.Services, service.Name)
	}
	return call.CloseSend()
}

func reflectV1Alpha(ctx context.Context, connection *grpc.ClientConn, seen *report) error {
	call, err := older.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	question := &older.ServerReflectionRequest{
		MessageRequest: &older.ServerReflectionRequest_ListServices{},
	}
	if err := call.Send(question); err != nil {
		return err
	}
	answer, err := call.Recv()
	if err != nil {
		return err
	}
	for _, service := range answer.GetListServicesResponse().GetService() {
		seen.ServicesV1Alpha = append(seen.ServicesV1Alpha, service.Name)
	}
	return call.CloseSend()
}

// read takes an error apart as google.rpc says: status, ErrorInfo, BadRequest.
func read(err error) refusal {
	failure := status.Convert(err)
	found := refusal{Code: failure.Code().String(), Fields: []string{}}
	for _, detail := range failure.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			found.Domain, found.Reason = detail.Domain, detail.Reason
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				found.Fields = append(found.Fields, violation.Field)
			}
		}
	}
	return found
}
