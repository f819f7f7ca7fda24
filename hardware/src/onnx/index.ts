export { carrierModelDir, findModel, modelDirs } from "./carrier.ts";
export {
  type OnnxModule,
  type OnnxSession,
  type OnnxTensor,
  onnx,
  onnxAvailability,
  openModel,
  runModel,
} from "./runtime.ts";
